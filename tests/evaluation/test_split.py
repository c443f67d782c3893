"""Images are scored behind the model, and the scores are those of a plain loop."""

import threading
import zlib

import numpy as np
import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.contents import UNKNOWN_END, companion, label_of
from kerasseg.evaluation import METRICS, split
from kerasseg.evaluation.answers import Answer
from kerasseg.evaluation.split import evaluate_split
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import Metric, ScoredImage
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.metrics.uncertainty_scores import unknown_scores
from kerasseg.streets.draw import draw_streets

IMAGES = 5
PATIENCE = 60.0  # seconds, for what happens at once


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    root = tmp_path_factory.mktemp("split")
    draw_streets(root / "data", train=1, val=IMAGES, seed=3)
    return open_catalog(
        load_config(None, [f"data.root={root / 'data'}", f"data.cache_dir={root / 'cache'}"])
    )


def answers_for(catalog):
    """Answers that are right on most pixels, the same ones each time."""

    def answers(sample):
        rng = np.random.default_rng(zlib.crc32(sample.name.encode()))
        truth = label_of(sample, catalog)
        p = rng.random((*truth.shape, catalog.label_set.num_outputs)).astype(np.float32)
        np.put_along_axis(p, np.minimum(truth, 19)[..., None], 0.95, axis=-1)
        p /= p.sum(axis=-1, keepdims=True)
        return Answer(
            labels=p.argmax(axis=-1).astype(np.uint8),
            confidence=p.max(axis=-1),
            uncertainty=rng.random(truth.shape).astype(np.float32),
            probabilities=p,
        )

    return answers


def in_a_loop(catalog, answers):
    label_set = catalog.label_set
    matrix = ConfusionMatrix(label_set.num_classes)
    scorers = {name: metric.start(label_set) for name, metric in METRICS.items()}
    samples = catalog.splits["val"]
    for sample in samples[::2] + samples[1::2]:  # thresholds are fitted on the former
        answer = answers(sample)
        mask = companion(sample, UNKNOWN_END)
        image = ScoredImage(
            classes=label_set.num_classes,
            truth=label_of(sample, catalog),
            labels=answer.labels,
            name=sample.name,
            confidence=answer.confidence,
            probabilities=answer.probabilities,
            uncertainty_scores=answer.own_scores(),
            unknown_scores=unknown_scores(
                answer.probabilities, background_id=label_set.background_id
            ),
            unknown=None if mask is None else mask > 0,
            place=samples.index(sample),
        )
        matrix.merge(image.confusion)
        for scorer in scorers.values():
            scorer.add(image)
    measured = {name: scorer.scores(matrix) for name, scorer in scorers.items()}
    return SplitScores(split="val", images=IMAGES, **measured)


def test_the_scores_are_those_of_a_loop_to_the_last_bit(catalog):
    answers, done = answers_for(catalog), []
    found = evaluate_split(answers, catalog, split="val", each_image=done.append, boundaries=True)
    assert done == list(range(1, IMAGES + 1))
    assert found.to_json() == in_a_loop(catalog, answers).to_json()
    assert (found.unlabelled.images_fitted, found.unlabelled.images_scored) == (3, 2)
    names = [sample.name for sample in catalog.splits["val"]]
    assert [image.name for image in found.each_image.images] == names


class Waiting:
    """A metric that is not done with an image before the model is asked for the next."""

    def __init__(self, asked):
        self.asked = asked
        self.seen = []

    def add(self, image):
        self.seen.append(image.name)
        if len(self.seen) < IMAGES:
            assert self.asked[len(self.seen)].wait(PATIENCE)

    def scores(self, confusion):
        return None


def with_metric(monkeypatch, scorer):
    monkeypatch.setattr(split, "METRICS", {**METRICS, "temperature": Metric(lambda labels: scorer)})


def test_the_model_answers_while_an_image_is_scored(catalog, monkeypatch):
    asked = [threading.Event() for _ in range(IMAGES)]
    waiting, order = Waiting(asked), iter(asked)
    with_metric(monkeypatch, waiting)
    plain = answers_for(catalog)

    def answers(sample):
        next(order).set()
        return plain(sample)

    evaluate_split(answers, catalog, split="val", each_image=lambda done: None)
    names = [sample.name for sample in catalog.splits["val"]]
    assert waiting.seen == names[::2] + names[1::2]


def test_large_answers_are_scored_one_at_a_time(catalog, monkeypatch):
    monkeypatch.setattr(split, "_ALONE", 1000)
    done, plain = [], answers_for(catalog)

    class Last:
        def add(self, image):
            done.append(image.name)

        def scores(self, confusion):
            return None

    with_metric(monkeypatch, Last())

    def answers(sample):
        samples = catalog.splits["val"]
        assert len(done) == (samples[::2] + samples[1::2]).index(sample)
        return plain(sample)

    evaluate_split(answers, catalog, split="val", each_image=lambda done: None)
    assert len(done) == IMAGES


def test_what_a_metric_raises_is_raised(catalog, monkeypatch):
    class Broken:
        def add(self, image):
            raise ZeroDivisionError

    with_metric(monkeypatch, Broken())
    with pytest.raises(ZeroDivisionError):
        evaluate_split(answers_for(catalog), catalog, split="val", each_image=lambda done: None)
