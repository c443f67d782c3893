"""Dropout whose draws for a batch depend neither on XLA nor on how many replicas share it."""

import math

import keras
import numpy as np
import tensorflow as tf

from kerasseg.data.random_keys import BITS, uniform_bits
from kerasseg.models.keras_internals import next_seed

# Philox makes four numbers a count, whatever the type.
_GROUP = 4


@keras.saving.register_keras_serializable("kerasseg")
class SharedDropout(keras.layers.Dropout):
    """Keras' Dropout; of several replicas each draws its own part of the whole batch's numbers.

    Keras' layer would drop other features under XLA, and the same features in the first image of
    every replica. The generator counts, so a replica starts counting where its part of the batch
    begins.
    """

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        seed, shape = next_seed(self), inputs.shape
        if tf.distribute.get_strategy().num_replicas_in_sync == 1:
            size = shape if shape.is_fully_defined() else tf.shape(inputs)
            return dropped(inputs, uniform_bits(size, seed=seed), rate=self.rate)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        part = math.prod(shape)
        start = tf.cast(replica, tf.uint64) * part  # beyond int32 in a large batch
        bits = tf.reshape(bits_part(seed, start=start, count=part), shape)
        return dropped(inputs, bits, rate=self.rate)


def dropped(features: tf.Tensor, bits: tf.Tensor, *, rate: float) -> tf.Tensor:
    """Features with a share of `rate` set to 0, the others over 1 - rate.

    bits: `uniform_bits`, one for each feature. Any float type is dropped as float32 is.
    """
    # A draw, bits / 2**BITS, is kept from the rate on, as float32 has it.
    least = math.ceil(float(np.float32(rate)) * 2**BITS)
    scale = tf.cast(1.0 / (1.0 - rate), features.dtype)
    return tf.where(bits >= least, features * scale, tf.zeros([], features.dtype))


def bits_part(seed: tf.Tensor, *, start, count: int) -> tf.Tensor:
    """(count,) numbers of `uniform_bits` from `start` on, without those before.

    seed: int32 (2,). start: integer or int scalar.
    """
    start = tf.cast(start, tf.uint64)
    first = start // _GROUP
    generator = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    # 128 bits, the lower 64 first.
    low = generator.counter[0] + first
    high = generator.counter[1] + tf.cast(low < first, tf.uint64)
    numbers = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[count + _GROUP - 1],
        key=generator.key,
        counter=tf.stack([low, high]),
        alg=1,  # Philox
        dtype=tf.int32,
    )
    skip = tf.cast(start % _GROUP, tf.int32)
    return numbers[skip : skip + count] & (2**BITS - 1)
