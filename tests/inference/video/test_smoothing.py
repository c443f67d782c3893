"""The average over time against sums by hand."""

from dataclasses import replace

import numpy as np
import pytest

from kerasseg.inference.predictor import Predictor
from kerasseg.inference.video.smoothing import TimeAverage
from kerasseg.labels import VOID, cityscapes_labels
from tests.inference.small_model import describe_small

TIMES = (0.0, 0.1, 0.15, 0.6)


class Scripted(Predictor):
    """Answers one of its probabilities after the other, float32 (B, H, W, 20)."""

    gives_probabilities = True

    def __init__(self, answers, unlabelled_above=None, label_set=None):
        description = describe_small(label_set)
        super().__init__(replace(description, scale=None, unlabelled_above=unlabelled_above))
        self.answers = list(answers)

    def compute(self, images):
        raise NotImplementedError

    def compute_with_probabilities(self, images):
        found = self.answers.pop(0)
        known = found[..., :19].max(axis=-1)
        return {
            "labels": found.argmax(axis=-1).astype(np.uint8),
            "confidence": found.max(axis=-1),
            "uncertainty": 1 - known,
            "probabilities": found,
        }


def answers(count, seed=0):
    drawn = np.random.default_rng(seed).random((count, 1, 3, 4, 20), np.float32)
    return drawn / drawn.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("threshold", [None, 0.905])
def test_against_weights_written_out(threshold):
    drawn = answers(4)
    average = TimeAverage(Scripted(drawn, threshold), seconds=0.2)
    image = np.zeros((3, 4, 3), np.uint8)
    for i, time in enumerate(TIMES):
        answer = average.predict(image, time=time)
        # What is left of each frame: a share enters, and decays over the steps that follow.
        kept = [np.exp(-(TIMES[j] - TIMES[j - 1]) / 0.2) for j in range(1, i + 1)]
        weights = [(1.0 if j == 0 else 1 - kept[j - 1]) * np.prod(kept[j:]) for j in range(i + 1)]
        assert sum(weights) == pytest.approx(1)
        mean = sum(w * drawn[j, 0].astype(float) for j, w in enumerate(weights))
        uncertainty = sum(
            w * (1 - drawn[j, 0, ..., :19].max(axis=-1).astype(float))
            for j, w in enumerate(weights)
        )
        expected = mean.argmax(axis=-1)
        if threshold is not None:
            expected = np.where(uncertainty > threshold, 19, mean[..., :19].argmax(axis=-1))
        np.testing.assert_array_equal(answer.labels, expected)
        np.testing.assert_allclose(answer.confidence, mean.max(axis=-1), atol=1e-6)
        np.testing.assert_allclose(answer.uncertainty, uncertainty, atol=1e-6)
        if threshold is not None and i == 0:
            assert 0 < answer.unlabelled.mean() < 1


def test_a_still_picture_keeps_its_labels():
    still = np.repeat(answers(1), 5, axis=0)
    average = TimeAverage(Scripted(still), seconds=0.3)
    for i in range(5):
        answer = average.predict(np.zeros((3, 4, 3), np.uint8), time=i / 10)
        np.testing.assert_array_equal(answer.labels, still[0, 0].argmax(axis=-1))


def test_one_frame_that_differs_does_not_flicker():
    a, b = np.full((1, 3, 4, 20), 0.02, np.float32), np.full((1, 3, 4, 20), 0.02, np.float32)
    a[..., 3], b[..., 5] = 0.62, 0.62
    average = TimeAverage(Scripted([a, a, b, a]), seconds=0.3)
    for i in range(4):
        assert (average.predict(np.zeros((3, 4, 3), np.uint8), time=i / 10).labels == 3).all()


def test_without_a_background_what_is_uncertain_is_void():
    labels = cityscapes_labels(void="ignore")
    predictor = Scripted([], 0.5, labels)
    probabilities = np.full((1, 2, labels.num_classes), 1 / labels.num_classes, np.float32)
    decided = predictor.decide(probabilities, np.array([[0.4, 0.6]], np.float32))
    assert decided.tolist() == [[0, VOID]]
