"""Dropout whose draws for a batch do not depend on how many replicas share it."""

import math

import keras
import tensorflow as tf

from kerasseg.models.keras_internals import next_seed

# Philox makes four numbers a count, whatever the type.
_GROUP = 4


@keras.saving.register_keras_serializable("kerasseg")
class SharedDropout(keras.layers.Dropout):
    """Keras' Dropout; of several replicas each draws its own part of the whole batch's numbers.

    Keras' layer would drop the same features in the first image of every replica. The generator
    counts, so a replica starts counting where its part of the batch begins.
    """

    def call(self, inputs, training=False):
        strategy = tf.distribute.get_strategy()
        if not training or strategy.num_replicas_in_sync == 1:
            return super().call(inputs, training=training)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        seed = next_seed(self)
        shape = inputs.shape
        part = math.prod(shape)
        start = tf.cast(replica, tf.uint64) * part  # beyond int32 in a large batch
        uniform = uniform_part(seed, start=start, count=part, dtype=inputs.dtype)
        kept = tf.reshape(uniform, shape) >= tf.cast(self.rate, inputs.dtype)
        return tf.where(kept, inputs * tf.cast(1.0 / (1.0 - self.rate), inputs.dtype), 0)


def uniform_part(seed: tf.Tensor, *, start, count: int, dtype) -> tf.Tensor:
    """(count,) numbers of `tf.random.stateless_uniform` from `start` on, without those before.

    seed: int32 (2,). start: integer or int scalar.
    """
    start = tf.cast(start, tf.uint64)
    first = start // _GROUP
    generator = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    # 128 bits, the lower 64 first.
    low = generator.counter[0] + first
    high = generator.counter[1] + tf.cast(low < first, tf.uint64)
    numbers = tf.raw_ops.StatelessRandomUniformV2(
        shape=[count + _GROUP - 1],
        key=generator.key,
        counter=tf.stack([low, high]),
        alg=1,  # Philox
        dtype=dtype,
    )
    skip = tf.cast(start % _GROUP, tf.int32)
    return numbers[skip : skip + count]
