"""Thresholds from every second image, things found on the others."""

from dataclasses import replace

import numpy as np
import pytest

from kerasseg.metrics.components import component_overlaps
from kerasseg.metrics.scorer import ScoredImage
from kerasseg.metrics.unknown_objects import UnknownObjectScorer, UnknownObjectScores
from tests.metrics.uncertain_images import scores_of

SHAPE = (90, 160)  # an eighth of the benchmark's sides: 8 and 2 pixels at least


def image(place, *, things=2):
    """A score that finds some things and raises some false alarms, and one that is the truth."""
    rng = np.random.default_rng(place)
    unknown, score = np.zeros(SHAPE, bool), rng.random(SHAPE) * 0.5
    for i in range(things):
        unknown[20:40, 30 + 60 * i : 50 + 60 * i] = True
        score[20 : 40 - 3 * i, 34 + 60 * i : 58 + 60 * i] += 0.6
    score[60:70, 10:30] += 0.6 if place % 3 else 0
    truth = np.where(unknown, 255, 0).astype(np.uint8)
    truth[:5] = 255
    return ScoredImage(
        classes=2,
        truth=truth,
        labels=np.zeros(SHAPE, np.uint8),
        uncertainty_scores={"uncertainty": score.astype(np.float32)},
        unknown_scores={"perfect": (unknown - 3).astype(np.float32)},  # below 0
        unknown=unknown,
        place=place,
    )


def in_halves(images):
    return images[::2] + images[1::2]


def test_thresholds_are_of_other_images_than_the_scores():
    images = [image(i, things=i % 3) for i in range(7)]
    found = scores_of(UnknownObjectScorer(), in_halves(images))
    assert (found.images, found.things) == (3, 1 + 0 + 2)
    # The threshold of the best F1 over the pixels of every second image, by a loop.
    asked = [(i.truth != 255) | i.unknown for i in images]
    score = [i.uncertainty_scores["uncertainty"] for i in images]
    fitted = range(0, 7, 2)
    values = np.concatenate([score[i][asked[i]] for i in fitted])
    truth = np.concatenate([images[i].unknown[asked[i]] for i in fitted])
    order = np.argsort(-values)
    hits = np.cumsum(truth[order])
    best = (2 * hits / (np.arange(1, len(hits) + 1) + truth.sum())).max()
    ours = found.by_score["uncertainty"]
    taken = values > ours.threshold
    f1 = 2 * (taken & truth).sum() / (taken.sum() + truth.sum())
    assert f1 == pytest.approx(best, abs=1e-3)
    # Counts of the others, one by one.
    parts = [
        component_overlaps(
            images[i].unknown,
            score[i] > ours.threshold,
            asked[i],
            smallest_prediction=8,
            smallest_thing=2,
        )
        for i in range(1, 7, 2)
    ]
    siou, precision = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    assert ours.siou == pytest.approx(siou.mean())
    assert ours.ppv == pytest.approx(precision.mean())
    assert ours.found_25 == (siou > 0.25).mean()
    assert ours.found_50 == (siou > 0.5).mean()
    assert ours.false_alarms == (precision <= 0.25).sum() / 3
    f1 = [
        2 * (siou > t).sum() / ((siou > t).sum() + len(siou) + (precision <= t).sum())
        for t in np.arange(25, 80, 5) / 100
    ]
    assert ours.f1 == pytest.approx(np.mean(f1))
    assert 0 < ours.f1 < 1


def test_a_perfect_score_finds_everything():
    images = [image(i) for i in range(4)]
    found = scores_of(UnknownObjectScorer(), in_halves(images)).by_score["perfect"]
    assert (found.siou, found.ppv, found.found_50, found.f1, found.false_alarms) == (1, 1, 1, 1, 0)
    assert -3 <= found.threshold < -2


def test_what_cannot_be_scored():
    masked, plain = [image(i) for i in range(2)], [replace(image(i), unknown=None) for i in (2, 3)]
    for images in ([], masked[:1], masked[1:], plain):
        assert scores_of(UnknownObjectScorer(), images or plain) is None
    # Nothing to fit on: no thing in the first half.
    assert scores_of(UnknownObjectScorer(), [image(0, things=0), image(1)]) is None
    # Nothing to find in the second: false alarms can still be counted.
    found = scores_of(UnknownObjectScorer(), [image(0), image(1, things=0)])
    ours = found.by_score["uncertainty"]
    assert (ours.siou, ours.found_25, ours.false_alarms, ours.f1) == (None, None, 1.0, 0.0)
    assert found.by_score["perfect"].f1 is None
    assert [score.name for score in found.summary()] == ["unknown object F1, uncertainty"]
    assert UnknownObjectScores.from_json(found.to_json()) == found
