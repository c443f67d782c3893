"""Dropout whose draws for a batch depend neither on XLA nor on how the batch is divided."""

import math

import keras
import numpy as np
import tensorflow as tf

from kerasseg.data.random_keys import BITS, uniform_bits
from kerasseg.models.keras_internals import next_seed
from kerasseg.models.layers.batch_part import BatchPart, current_part

# Philox makes four numbers a count, whatever the type.
_GROUP = 4


@keras.saving.register_keras_serializable("kerasseg")
class SharedDropout(keras.layers.Dropout):
    """Keras' Dropout; each replica, and each part of a batch, draws its own of the batch's numbers.

    Keras' layer would drop other features under XLA, and the same features in the first image of
    every replica. The generator counts, so a replica starts counting where its part of the batch
    begins, and a part of `part_of_batch` where each of its images does.
    """

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        part, shape = current_part(), inputs.shape
        seed = next_seed(self, counts_on=part.is_last)
        alone = tf.distribute.get_strategy().num_replicas_in_sync == 1
        if not shape.is_fully_defined():
            shape = tf.shape(inputs)
        if alone and part.parts == 1:
            return dropped(inputs, uniform_bits(shape, seed=seed), rate=self.rate)
        replica = 0 if alone else tf.distribute.get_replica_context().replica_id_in_sync_group
        if part.parts == 1:
            count = math.prod(shape)
            start = tf.cast(replica, tf.uint64) * count  # beyond int32 in a large batch
            bits = bits_part(seed, start=start, count=count)
        else:
            bits = bits_of_images(seed, shape, part=part, replica=replica)
        return dropped(inputs, tf.reshape(bits, shape), rate=self.rate)


def dropped(features: tf.Tensor, bits: tf.Tensor, *, rate: float) -> tf.Tensor:
    """Features with a share of `rate` set to 0, the others over 1 - rate.

    bits: `uniform_bits`, one for each feature. Any float type is dropped as float32 is.
    """
    # A draw, bits / 2**BITS, is kept from the rate on, as float32 has it.
    least = math.ceil(float(np.float32(rate)) * 2**BITS)
    scale = tf.cast(1.0 / (1.0 - rate), features.dtype)
    return tf.where(bits >= least, features * scale, tf.zeros([], features.dtype))


def bits_of_images(seed: tf.Tensor, shape, *, part: BatchPart, replica) -> tf.Tensor:
    """(b, …) numbers of `uniform_bits` of the whole batch, those of the b images of a part alone.

    seed: int32 (2,). shape: of the features, (b, …), or a tensor of it. replica: which one has the
    part.
    """
    images, known = shape[0], isinstance(shape, tf.TensorShape)
    count = math.prod(shape[1:]) if known else tf.reduce_prod(shape[1:])
    numbers = (replica * images + tf.range(images)) * part.parts + part.index

    def of_image(number: tf.Tensor) -> tf.Tensor:
        start = tf.cast(number, tf.uint64) * tf.cast(count, tf.uint64)
        return bits_part(seed, start=start, count=count)

    return tf.map_fn(of_image, numbers, fn_output_signature=tf.int32)


def bits_part(seed: tf.Tensor, *, start, count) -> tf.Tensor:
    """(count,) numbers of `uniform_bits` from `start` on, without those before.

    seed: int32 (2,). start, count: integers or int scalars.
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
    # Not numbers[skip : skip + count]: XLA would not know how many these are.
    return tf.slice(numbers, [skip], [count]) & (2**BITS - 1)
