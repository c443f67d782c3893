"""The scores of classes, images and the split, from images as they come."""

import numpy as np
import pytest

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.image_scores import ImageScorer
from kerasseg.metrics.overlap import ClassScore, OverlapScorer
from kerasseg.metrics.scorer import ScoredImage
from tests.metrics.uncertain_images import scores_of

NAMES, VOID = ("a", "b", "c", "d"), 255


def images():
    rng = np.random.default_rng(0)
    for shape in ((5, 7), (1, 1), (9, 4)):
        truth = rng.choice([0, 1, 3, VOID], shape).astype(np.uint8)
        labels = np.where(rng.random(shape) < 0.6, truth, rng.choice([0, 1, 4], shape))
        yield ScoredImage(classes=4, truth=truth, labels=labels.astype(np.uint8), name=str(shape))


def test_a_class_that_is_nowhere_has_no_score():
    truth = np.array([[0, 0], [1, VOID]], np.uint8)
    image = ScoredImage(classes=4, truth=truth, labels=np.array([[0, 1], [1, 1]], np.uint8))
    found = scores_of(OverlapScorer(NAMES), [image])
    assert (found.miou, found.image_accuracy) == (0.5, 0.5)
    assert found.pixel_accuracy == pytest.approx(2 / 3)
    assert found.classes == {
        "a": ClassScore(0.5, 2),
        "b": ClassScore(0.5, 1),
        "c": ClassScore(None, 0),
        "d": ClassScore(None, 0),
    }
    assert found.confusion == (
        (1, 1, 0, 0, 0),
        (0, 1, 0, 0, 0),
        (0,) * 5,
        (0,) * 5,
        (0, 1, 0, 0, 0),
    )
    assert [found.share_of_pixels(name) for name in "abc"] == [pytest.approx(2 / 3), 1 / 3, 0]


def test_the_scores_of_an_image_are_those_of_a_split_of_it_alone():
    found = scores_of(ImageScorer(), list(images())).images
    assert [image.name for image in found] == ["(5, 7)", "(1, 1)", "(9, 4)"]
    for image, score in zip(images(), found, strict=True):
        alone = scores_of(OverlapScorer(NAMES), [image])
        assert (score.miou, score.pixel_accuracy) == (alone.miou, alone.pixel_accuracy)


def test_without_a_pixel_there_is_no_score():
    found = OverlapScorer(("a",)).scores(ConfusionMatrix(1))
    assert (found.miou, found.pixel_accuracy, found.image_accuracy) == (None, None, None)
    assert found.share_of_pixels("a") is None
