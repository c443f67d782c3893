"""Labels in doubt against losses by hand, and spoiled labels that come out first."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kerasseg.data.samples import Sample
from kerasseg.evaluation import mislabelled
from kerasseg.evaluation.mislabelled import doubtful_labels
from kerasseg.labels import VOID, camvid_labels

LABELS = camvid_labels(void="background")
SIZE = 40, 30


@pytest.fixture
def labelled(monkeypatch):
    """A catalog of given labels, and a predictor of given probabilities, by the samples' names."""

    def make(labels, probabilities, *, val=()):
        places = {name: i for i, name in enumerate(labels)}
        samples = {name: Sample(name, *[None] * 2) for name in labels}
        splits = {
            "train": tuple(samples[n] for n in labels if n not in val),
            "val": tuple(samples[n] for n in val),
        }
        monkeypatch.setattr(mislabelled, "image_of", lambda sample: places[sample.name])
        monkeypatch.setattr(mislabelled, "label_of", lambda sample, catalog: labels[sample.name])

        class Told:
            def predict(self, image, *, probabilities):
                assert probabilities
                return SimpleNamespace(probabilities=told[image])

        told = list(probabilities.values())
        return Told(), SimpleNamespace(splits=splits, label_set=LABELS)

    return make


def sure(label, *, of=0.9):
    """float32 (H, W, 12): `of` for the label's class, the rest evenly."""
    values = np.full((*label.shape, 12), (1 - of) / 11, np.float32)
    np.put_along_axis(values, np.minimum(label, 11)[..., None].astype(np.int64), of, axis=-1)
    return values


def test_losses_by_hand(labelled):
    a, b, c = (np.full(SIZE, 3, np.uint8) for _ in range(3))
    a[:20], b[:4], b[4:8], b[8] = 8, 8, VOID, 9
    told = {"a": sure(a), "b": sure(b, of=0.5), "c": sure(c, of=0.2)}
    told["a"][:20] = sure(np.full((20, 30), 1))  # the net sees buildings
    c[0, 0] = 9  # less than a thousandth of the image, and quite wrong
    predictor, catalog = labelled({"a": a, "b": b, "c": c}, told)
    found = doubtful_labels(predictor, catalog)
    assert [(d.sample.name, d.name, d.seen) for d in found] == [
        ("a", "Car", "Building"),
        ("c", "Road", "Road"),
    ]
    loss = {"a": -np.log(0.1 / 11), "b": -np.log(0.5)}
    assert found[0].loss == pytest.approx(loss["a"], rel=1e-5)
    assert found[0].usual == pytest.approx((loss["a"] + loss["b"]) / 2, rel=1e-5)
    assert (found[0].share, found[1].share) == pytest.approx((0.5, 1199 / 1200))
    assert found[1].usual == pytest.approx(loss["b"], rel=1e-5)
    assert [d.excess for d in found] == sorted((d.excess for d in found), reverse=True)


def test_a_class_is_compared_within_its_split_and_probability_0_is_bounded(labelled):
    label = np.full(SIZE, 3, np.uint8)
    told = {n: sure(label, of=p) for n, p in {"a": 0.9, "b": 0.2, "v": 0.2, "w": 0.0}.items()}
    done = []
    predictor, catalog = labelled(dict.fromkeys(told, label), told, val=("v", "w"))
    found = doubtful_labels(predictor, catalog, progress=done.append)
    assert [(d.split, d.sample.name) for d in found] == [("val", "w"), ("train", "b")]
    assert found[0].loss == pytest.approx(-np.log(1e-6), rel=1e-5)
    assert found[1].usual == pytest.approx(-np.log([0.9, 0.2]).mean(), rel=1e-5)
    assert done == [1, 2, 3, 4]


def test_spoiled_labels_come_first(labelled):
    rng = np.random.default_rng(0)
    labels, told = {}, {}
    for i in range(30):
        true = np.asarray(
            Image.fromarray(rng.integers(0, 11, (2, 4), np.uint8)).resize((60, 40), 0)
        )
        told[str(i)] = sure(true, of=rng.uniform(0.5, 0.9))
        labels[str(i)] = true.copy()
    for i in (4, 11, 25):
        present = np.unique(labels[str(i)])
        absent = next(c for c in range(11) if c not in present)
        labels[str(i)][labels[str(i)] == present[0]] = absent
    found = doubtful_labels(*labelled(labels, told))
    assert {d.sample.name for d in found[:3]} == {"4", "11", "25"}


def test_what_is_half_as_likely_as_usual_is_not_in_doubt(labelled):
    label = np.full(SIZE, 3, np.uint8)
    told = {"a": sure(label, of=0.8), "b": sure(label, of=0.25)}
    predictor, catalog = labelled({"a": label, "b": label}, told)
    assert doubtful_labels(predictor, catalog) == []
