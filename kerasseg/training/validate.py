"""Labels at native size through the serving graph, into one confusion matrix."""

from collections.abc import Callable

import tensorflow as tf

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.models.serving_graph import ServingGraph


def validate(
    graph: ServingGraph,
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
        prediction = graph.labels(image).numpy()
        for truth, answer in zip(label.numpy(), prediction, strict=True):
            matrix.add(truth, answer)
        each_batch(len(matrix.image_accuracies))
    return matrix
