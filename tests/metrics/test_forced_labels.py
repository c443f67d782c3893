"""Labels without the background, by a loop."""

import numpy as np
import pytest

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.forced_labels import ForcedScorer, forced_labels
from kerasseg.metrics.scorer import ScoredImage

CLASSES = 4  # and the background


@pytest.fixture
def probabilities():
    rng = np.random.default_rng(0)
    values = np.exp(rng.normal(0, 3, (6, 7, CLASSES + 1)))
    return (values / values.sum(axis=-1, keepdims=True)).astype(np.float32)


def test_forced_labels_by_a_loop(probabilities):
    labels = probabilities.argmax(axis=-1).astype(np.uint8)
    forced = forced_labels(labels, probabilities, classes=CLASSES)
    assert forced.dtype == np.uint8
    for place in np.ndindex(labels.shape):
        assert forced[place] == np.argmax(probabilities[place][:CLASSES])
    assert (labels == CLASSES).any()
    assert not (forced == CLASSES).any()


def test_without_a_background_nothing_is_forced(probabilities):
    labels = probabilities.argmax(axis=-1).astype(np.uint8)
    np.testing.assert_array_equal(forced_labels(labels, probabilities, classes=CLASSES + 1), labels)


def test_the_score_is_that_of_the_forced_labels(probabilities):
    labels = probabilities.argmax(axis=-1).astype(np.uint8)
    truth = forced_labels(labels, probabilities, classes=CLASSES)
    truth[0] = 255
    image = ScoredImage(classes=CLASSES, truth=truth, labels=labels, probabilities=probabilities)
    scorer, matrix = ForcedScorer(CLASSES), ConfusionMatrix(CLASSES)
    scorer.add(image)
    assert scorer.scores(matrix).miou == 1.0 > image.confusion.miou
    unknown = ForcedScorer(CLASSES)
    unknown.add(ScoredImage(classes=CLASSES, truth=truth, labels=labels))
    assert unknown.scores(matrix).miou is None
