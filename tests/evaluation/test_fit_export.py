"""Temperature and threshold from the images of a split, half for the fit and half for the score."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.evaluation.fit_export import Calibration, calibrate, calibrate_export
from kerasseg.metrics.calibration import Reliability
from tests.data.drawn_catalog import draw_catalog
from tests.evaluation.sure_probabilities import drawn


class Loud:
    """A predictor that is three times as sure as it should be, on labels it has seen."""

    gives_probabilities = True

    def __init__(self, catalog, split, *, temperature=None):
        self.description = SimpleNamespace(temperature=temperature)
        self.label_set = catalog.label_set
        self.seen = []
        self._answers = {}
        for i, sample in enumerate(catalog.splits[split]):
            shape = np.asarray(catalog_label(catalog, sample)).shape
            p, truth = drawn(i, shape[0] * shape[1], 3.0, classes=12)
            self._answers[i] = p.reshape(*shape, 12), truth.reshape(shape)
        self.temperatures = []
        self.begin(1.0)

    def begin(self, temperature):
        """From the first image again, the logits divided by `temperature`."""
        self.temperatures.append(temperature)
        self._temperature, self._turn = temperature, iter(range(len(self._answers)))

    def predict(self, image, *, probabilities):
        assert probabilities
        index = next(self._turn)
        self.seen.append(index)
        p, _ = self._answers[index]
        powers = p ** (1 / self._temperature)
        p = powers / powers.sum(axis=-1, keepdims=True)
        return SimpleNamespace(
            probabilities=p, labels=p.argmax(-1), uncertainty=1 - p[..., :11].max(-1)
        )


def catalog_label(catalog, sample: Sample):
    from kerasseg.data.label_png import read_label

    return read_label(
        sample.label,
        label_encoding=catalog.label_encoding,
        table=catalog.label_set.table,
        color_table=catalog.color_table,
    )


def write_truth(catalog, predictor):
    from PIL import Image

    for i, sample in enumerate(catalog.splits["train"]):
        Image.fromarray(predictor._answers[i][1].astype(np.uint8)).save(sample.label)


def test_half_is_fitted_and_the_other_half_is_scored(tmp_path):
    catalog = draw_catalog(tmp_path, count=5, size=(40, 50))
    predictor, calls = Loud(catalog, "train"), []
    write_truth(catalog, predictor)
    found = calibrate(predictor, catalog, split="train", each_image=calls.append)
    assert predictor.seen == [0, 1, 2, 3, 4]
    assert calls == [1, 2, 3, 4, 5]
    assert (found.images_fitted, found.images_scored) == (3, 2)
    # Void, which is label 11, is neither fitted nor scored, so the truth is a little surer.
    assert found.value == pytest.approx(3.0, rel=0.15)
    reliability = Reliability()
    for i in (1, 3):
        p, truth = predictor._answers[i]
        valid = truth != 11
        reliability.add(p.max(-1)[valid], (p.argmax(-1) == truth)[valid])
    assert found.ece_before == pytest.approx(reliability.error)
    assert found.ece_after < 0.05 < 0.2 < found.ece_before


def test_what_cannot_be_fitted_is_said(tmp_path):
    catalog = draw_catalog(tmp_path, count=1, size=(8, 9))
    predictor = Loud(catalog, "train")
    with pytest.raises(UserError, match="found 1 image in train, at least 2 needed"):
        calibrate(predictor, catalog, split="train", each_image=lambda done: None)
    predictor.gives_probabilities = False
    with pytest.raises(UserError, match=r"gives no probabilities.*--probabilities"):
        calibrate(predictor, catalog, split="train", each_image=lambda done: None)


def export_calibration(catalog, predictor, **options):
    both = {"temperature": None, "unlabelled": 0.0, **options}

    def at(temperature):
        predictor.begin(temperature)
        return predictor

    return calibrate_export(at, catalog, progress=lambda *_: nullcontext(lambda done: None), **both)


@pytest.fixture
def validated(tmp_path):
    """A catalog whose validation images are those that `Loud` has seen."""
    catalog = draw_catalog(tmp_path, count=6, size=(40, 50))
    splits = {"train": catalog.splits["train"], "val": catalog.splits["train"]}
    catalog = replace(catalog, splits=splits)
    predictor = Loud(catalog, "val")
    write_truth(catalog, predictor)
    return catalog, predictor


def test_an_export_gives_up_the_share_that_was_asked_for(validated):
    catalog, predictor = validated
    found = export_calibration(catalog, predictor, unlabelled=0.1)
    assert found.temperature == found.fit.value == pytest.approx(3.0, rel=0.15)
    above = found.unlabelled_above
    assert predictor.temperatures[1:] == [1.0, found.temperature]
    uncertain = []
    for p, truth in predictor._answers.values():
        powers = p.astype(float) ** (1 / found.temperature)
        known = (powers / powers.sum(axis=-1, keepdims=True))[..., :11].max(axis=-1)
        uncertain.append((1 - known)[truth != 11])
    assert (np.concatenate(uncertain) > above + 1e-6).mean() == pytest.approx(0.1, abs=2e-4)
    assert found.unlabelled.given_up == pytest.approx(0.1, abs=0.02)
    assert (found.unlabelled.asked, found.unlabelled.images) == (0.1, 6)


def test_a_given_temperature_is_taken_and_nothing_else_is_computed(validated):
    catalog, predictor = validated
    assert export_calibration(catalog, predictor, temperature=2.0) == Calibration(2.0)
    assert predictor.seen == []
    found = export_calibration(catalog, predictor, temperature=2.0, unlabelled=0.5)
    assert (found.temperature, found.fit) == (2.0, None)
    assert 0 < found.unlabelled_above < 1


def test_one_validation_image_is_not_enough_to_fit_on(validated):
    catalog, predictor = validated
    catalog = replace(catalog, splits={"val": catalog.splits["val"][:1]})
    assert export_calibration(catalog, predictor) == Calibration(1.0)
    with pytest.raises(UserError, match="--unlabelled: found 1 image in val, at least 2 needed"):
        export_calibration(catalog, predictor, unlabelled=0.02)
