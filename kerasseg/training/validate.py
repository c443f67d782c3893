"""Labels at native size, as they are served, into one confusion matrix."""

from collections.abc import Callable

import tensorflow as tf

from kerasseg.inference.backends.graph import GraphPredictor
from kerasseg.metrics.confusion import ConfusionMatrix


def validate(
    predictor: GraphPredictor,
    dataset: tf.data.Dataset,
    *,
    classes: int,
    each_batch: Callable[[int], None],
) -> ConfusionMatrix:
    """Scores `dataset`, batches of (image uint8 (B, H, W, 3), label uint8 (B, H, W)).

    each_batch: called after every batch with the number of images done; may raise to stop.
    """
    matrix = ConfusionMatrix(classes)
    for image, label in dataset:
        prediction = predictor.labels(image.numpy())
        for truth, answer in zip(label.numpy(), prediction, strict=True):
            matrix.add(truth, answer)
        each_batch(len(matrix.image_accuracies))
    return matrix
