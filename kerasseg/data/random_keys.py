"""Seeds for stateless random ops: a pure function of (seed, epoch, sample index, purpose)."""

import tensorflow as tf

CROP = 0
AUGMENT = 1


def sample_key(*, seed: int, epoch: tf.Tensor, index: tf.Tensor, purpose: int) -> tf.Tensor:
    """int32 (2,) seed for `tf.random.stateless_*`, another one for each purpose.

    epoch and index: int32 scalars.
    """
    key = tf.stack([tf.constant(seed, tf.int32), epoch])
    key = tf.random.experimental.stateless_fold_in(key, index)
    return tf.random.experimental.stateless_fold_in(key, purpose)
