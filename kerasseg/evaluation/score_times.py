"""Seconds an image of each way to an uncertainty score, measured in turn on the same images."""

import statistics
import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from kerasseg.evaluation.monte_carlo import PASSES, DropoutScores
from kerasseg.metrics.split_scores import Seconds


def score_times(scores: DropoutScores, images: Sequence[np.ndarray]) -> Seconds:
    """Medians over `images`, uint8 (H, W, 3), after one more look at the first to warm up.

    All run on what TensorFlow runs on, pass after pass, and end with an array at image size.
    """
    graph, passes = scores.graph, PASSES[-1]
    ways = {
        "labels": graph.labels,
        "labels, confidence and uncertainty": lambda image: graph.predict(image)["uncertainty"],
        f"MC Dropout {passes}, whole net": scores.whole_passes,
        f"MC Dropout {passes}, head alone": scores.head_passes,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for index, image in enumerate([images[0], *images]):
        batch = tf.constant(image[None])
        for name, way in ways.items():
            start = time.perf_counter()
            way(batch).numpy()
            if index:
                seconds[name].append(time.perf_counter() - start)
    return Seconds({name: statistics.median(values) for name, values in seconds.items()})
