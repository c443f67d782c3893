"""Stateless random numbers: a pure function of (seed, epoch, sample index, purpose)."""

from collections.abc import Sequence

import tensorflow as tf

# Named in every random op: left to choose, XLA takes another one.
ALG = "philox"
CROP = 0
AUGMENT = 1
SCALE = 2
JPEG = 3
BALANCE = 4
UNKNOWN = 5

# What float32 numbers in [0, 1) are made of. XLA makes other floats of the same random bits than
# TensorFlow does, so bits are drawn; those below are where TensorFlow looks.
BITS = 23


def sample_key(*, seed: int, epoch: tf.Tensor, index: tf.Tensor, purpose: int) -> tf.Tensor:
    """int32 (2,) seed for `tf.random.stateless_*`, another one for each purpose.

    epoch and index: int32 scalars.
    """
    key = tf.stack([tf.constant(seed, tf.int32), epoch])
    key = tf.random.experimental.stateless_fold_in(key, index, alg=ALG)
    return tf.random.experimental.stateless_fold_in(key, purpose, alg=ALG)


def uniform_bits(shape: Sequence[int] | tf.Tensor, *, seed: tf.Tensor) -> tf.Tensor:
    """int32 of this shape, uniform in 0…2**BITS - 1, the same with and without XLA.

    seed: int32 (2,). `uniform` is these over 2**BITS.
    """
    whole = tf.random.stateless_uniform(shape, seed, None, None, tf.int32, alg=ALG)
    return whole & (2**BITS - 1)


def uniform(shape: Sequence[int] | tf.Tensor, *, seed: tf.Tensor) -> tf.Tensor:
    """float32 in [0, 1), the numbers of `tf.random.stateless_uniform`, under XLA as well.

    seed: int32 (2,).
    """
    return tf.cast(uniform_bits(shape, seed=seed), tf.float32) * 2.0**-BITS
