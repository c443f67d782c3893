"""`train.class_balance`: images with rare classes come more often, epochs stay as long."""

import numpy as np
import tensorflow as tf

from kerasseg.data.random_keys import ALG, BALANCE, sample_key, uniform_bits

# Views are counted in whole parts of one, so that every machine adds up the same.
_BITS = 20


def expected_views(pixels: np.ndarray, balance: float) -> np.ndarray:
    """How often an epoch shows each image, on average: float64 (N,), N in sum.

    pixels: int (N, C) counts of each class, without void. balance: 0 = each image once, 1 = class
    by class: a class is drawn uniformly, then one of its pixels, whose image is shown; between them
    a mixture. Source: class-aware sampling, Shen, Lin and Huang, "Relay Backpropagation", 2016,
    with pixels in place of images.
    """
    of_class = pixels.sum(axis=0, dtype=np.float64)
    occurs = of_class > 0
    if not occurs.any():
        return np.ones(len(pixels))
    by_class = (pixels[:, occurs] / of_class[occurs]).mean(axis=1) * len(pixels)
    return (1.0 - balance) + balance * by_class


def draw_order(views: np.ndarray, *, seed: int, epoch: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The images of one epoch, int32 (N,), and which repetition of its image each is, from 0.

    views: see `expected_views`. Systematic sampling: an image expected 1.3 times comes once or
    twice. A function of (seed, epoch) alone. epoch: int32 scalar.
    """
    count = len(views)
    total = np.cumsum(views)
    ends = np.round(total / total[-1] * count * 2**_BITS).astype(np.int64)
    parts = np.diff(ends, prepend=0)
    # Images that lie side by side exclude each other: they are shuffled first.
    first = tf.random.experimental.stateless_shuffle(
        tf.range(count), seed=tf.stack([tf.constant(seed), epoch]), alg=ALG
    )
    key = sample_key(seed=seed, epoch=epoch, index=tf.constant(0), purpose=BALANCE)
    start = tf.cast(uniform_bits([], seed=key) % 2**_BITS, tf.int64)
    marks = start + tf.range(count, dtype=tf.int64) * 2**_BITS
    drawn = tf.searchsorted(tf.cumsum(tf.gather(parts, first)), marks, side="right")
    repetition = tf.range(count) - tf.searchsorted(drawn, drawn)
    again = sample_key(seed=seed, epoch=epoch, index=tf.constant(1), purpose=BALANCE)
    places = tf.random.experimental.stateless_shuffle(tf.range(count), seed=again, alg=ALG)
    return tf.gather(tf.gather(first, drawn), places), tf.gather(repetition, places)
