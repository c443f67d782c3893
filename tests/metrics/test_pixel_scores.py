"""Scores of confidence and uncertainty against scikit-learn on all pixels at once."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from skimage.segmentation import find_boundaries
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from kerasseg.metrics.pixel_scores import PixelScores

SHAPE = (20, 30)


def image(seed):
    """Truth with void and an unknown thing in it, an answer, and scores that know a little."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 4, SHAPE).astype(np.uint8)
    unknown = np.zeros(SHAPE, bool)
    unknown[3:9, 4:12] = True
    truth[unknown] = 255
    truth[0] = 255  # void, and not unknown
    labels = np.where(rng.random(SHAPE) < 0.7, truth, rng.integers(0, 4, SHAPE)).astype(np.uint8)
    doubt = (labels != truth) + rng.random(SHAPE)
    return {
        "truth": truth,
        "labels": labels,
        "confidence": (1 - doubt / 4).astype(np.float32),
        "scores": {
            "uncertainty": (doubt + unknown).astype(np.float32),
            "1 - confidence": (doubt / 4).astype(np.float32),
        },
        "unknown": unknown,
        "unknown_scores": {"p(background)": (unknown + rng.random(SHAPE)).astype(np.float32)},
    }


def joined(name, images, kind=None):
    """All pixels of one array, one after the other; kind: of the arrays under that key."""
    return np.concatenate([(entry[kind] if kind else entry)[name].ravel() for entry in images])


@pytest.fixture(scope="module")
def images():
    return [image(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def found(images):
    scores = PixelScores()
    for entry in images:
        scores.add(**entry)
    return scores.to_json()


def test_errors_are_looked_for_on_evaluated_pixels(images, found):
    truth = joined("truth", images)
    valid = truth != 255
    wrong = (joined("labels", images) != truth)[valid]
    for name, values in (
        ("uncertainty", joined("uncertainty", images, "scores")),
        ("1 - confidence", 1 - joined("confidence", images)),
    ):
        expected = roc_auc_score(wrong, values[valid])
        assert found["errors"][name]["auroc"] == pytest.approx(expected, abs=1e-3)
        expected = average_precision_score(wrong, values[valid])
        assert found["errors"][name]["average_precision"] == pytest.approx(expected, abs=1e-3)


def test_unknown_things_stand_against_evaluated_pixels(images, found):
    unknown = joined("unknown", images)
    asked = unknown | (joined("truth", images) != 255)
    for kind, name in (("scores", "uncertainty"), ("unknown_scores", "p(background)")):
        values, entry = joined(name, images, kind)[asked], found["unknown"][name]
        assert entry["auroc"] == pytest.approx(roc_auc_score(unknown[asked], values), abs=1e-3)
        expected = average_precision_score(unknown[asked], values)
        assert entry["average_precision"] == pytest.approx(expected, abs=1e-3)
        alarms, hits, _ = roc_curve(unknown[asked], values)
        assert entry["fpr95"] == pytest.approx(alarms[np.argmax(hits >= 0.95)], abs=1e-2)
    assert found["unknown"]["images"] == 3
    assert "p(background)" not in found["errors"]


def test_calibration_near_edges(images, found):
    confidence, right, near = [], [], []
    for entry in images:
        truth, lines = entry["truth"], find_boundaries(entry["truth"], mode="thick")
        near.append((binary_dilation(lines, np.ones((5, 5))) & (truth != 255)).ravel())
        confidence.append(entry["confidence"].ravel())
        right.append((entry["labels"] == truth).ravel())
    near, confidence, right = (np.concatenate(values) for values in (near, confidence, right))
    place = np.ceil(confidence[near].astype(float) * 15).astype(int)
    gap = sum(
        abs(confidence[near][place == i].sum(dtype=float) - right[near][place == i].sum())
        for i in range(1, 16)
    )
    assert found["ece_boundary"] == pytest.approx(gap / near.sum(), abs=1e-9)
    assert sum(found["reliability_boundary"]["pixels"]) == near.sum()


def test_without_unknown_things_there_is_no_such_score(images):
    scores = PixelScores()
    scores.add(**{**images[0], "unknown": None})
    scores.add(**{**images[1], "unknown": np.zeros(SHAPE, bool)})
    assert "unknown" not in scores.to_json()
