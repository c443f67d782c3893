"""Images with void, unknown things, and uncertainty scores that know a little."""

import numpy as np

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import ScoredImage

SHAPE, CLASSES = (20, 30), 4


def uncertain_image(seed):
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.integers(0, CLASSES, (2, 3)), np.ones((10, 10))).astype(np.uint8)
    unknown = np.zeros(SHAPE, bool)
    unknown[3:9, 4:12] = True
    truth[unknown] = 255
    truth[0] = 255  # void, and not unknown
    guess = rng.integers(0, CLASSES, SHAPE)
    labels = np.where(rng.random(SHAPE) < 0.7, truth, guess).astype(np.uint8)
    uncertain = (labels != truth) + rng.random(SHAPE)
    return ScoredImage(
        classes=CLASSES,
        truth=truth,
        labels=labels,
        confidence=(1 - uncertain / 4).astype(np.float32),
        uncertainty_scores={
            "uncertainty": (uncertain + unknown).astype(np.float32),
            "1 - confidence": (uncertain / 4).astype(np.float32),
        },
        unknown_scores={"p(background)": (unknown + rng.random(SHAPE)).astype(np.float32)},
        unknown=unknown,
    )


def scores_of(scorer, images):
    """What the scorer makes of the images, and the confusion matrix that it needs for it."""
    matrix = ConfusionMatrix(images[0].classes)
    for image in images:
        matrix.merge(image.confusion)
        scorer.add(image)
    return scorer.scores(matrix)


def joined(arrays):
    """All pixels, one image after the other."""
    return np.concatenate([np.ravel(array) for array in arrays])
