"""A part of a batch is dropped as it is in the whole batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasseg.data.random_keys import uniform_bits
from kerasseg.models.layers.batch_part import part_of_batch
from kerasseg.models.layers.dropout import SharedDropout, bits_part


@pytest.mark.parametrize("seed", [(0, 0), (-5, 77), (2**31 - 1, 3)])
def test_a_part_of_the_numbers_is_where_it_is_in_all_of_them(seed):
    seed = tf.constant(seed)
    whole = uniform_bits([4000], seed=seed)
    for start, count in ((0, 10), (1, 7), (2, 1), (3, 2000), (1998, 2002), (3999, 1)):
        part = bits_part(seed, start=start, count=count)
        np.testing.assert_array_equal(part, whole[start : start + count])


@given(
    parts=st.integers(1, 4),
    images=st.integers(1, 3),
    size=st.tuples(*[st.integers(1, 4)] * 2),
    known=st.booleans(),
)
@settings(max_examples=10)
def test_parts_of_a_batch_are_dropped_as_in_the_whole(parts, images, size, known):
    ones = np.ones((parts * images, *size, 3), np.float32)
    whole, divided = (SharedDropout(0.3, seed=7) for _ in range(2))
    shape = [images, *size, 3] if known else [None, None, None, 3]

    @tf.function(input_signature=[tf.TensorSpec(shape), tf.TensorSpec([], tf.int32)])
    def dropped_part(features, index):
        with part_of_batch(index, parts):
            return divided(features, training=True)

    for _ in range(2):  # the generator counts batches, not parts
        expected = whole(ones, training=True).numpy()
        for index in range(parts):
            part = dropped_part(ones[index::parts], index)
            np.testing.assert_array_equal(part, expected[index::parts])


def test_on_one_device_it_is_keras_dropout():
    images = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    ours, plain = SharedDropout(0.3, seed=7), keras.layers.Dropout(0.3, seed=7)
    for _ in range(2):
        np.testing.assert_array_equal(ours(images, training=True), plain(images, training=True))
    unknown = tf.TensorSpec([None, None, None, 4])
    graph = tf.function(lambda x: ours(x, training=True), input_signature=[unknown])
    np.testing.assert_array_equal(graph(images), plain(images, training=True))
    np.testing.assert_array_equal(ours(images, training=False), images)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_xla_drops_what_is_dropped_without_it(dtype):
    images = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    kept = []
    for jit in (False, True):
        layer = SharedDropout(0.3, seed=7, dtype=dtype)
        layer(images, training=True)  # the second draw, so that the generator counts, too
        step = tf.function(lambda x, layer=layer: layer(x, training=True), jit_compile=jit)
        kept.append(tf.cast(step(images), tf.float32))
    np.testing.assert_array_equal(*kept)
    assert 0 < np.count_nonzero(kept[0]) < images.size


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_drops_the_same_features(dtype):
    # Drawn in bfloat16 itself, a rate of 0.3 would drop 39 of 128.
    ones = np.ones((2, 3, 5, 4), np.float32)
    kept = [SharedDropout(0.3, seed=7, dtype=d)(ones, training=True) for d in ("float32", dtype)]
    np.testing.assert_array_equal(*(tf.cast(k, tf.float32) > 0 for k in kept))


def test_nothing_is_dropped_at_rate_0():
    images = np.ones((2, 3), np.float32)
    layer = SharedDropout(0.0)
    np.testing.assert_array_equal(layer(images, training=True), images)


def test_it_is_saved_and_loaded(tmp_path):
    image = keras.Input((2, 2, 3))
    keras.Model(image, SharedDropout(0.3, seed=7)(image)).save(tmp_path / "net.keras")
    layer = keras.saving.load_model(tmp_path / "net.keras").layers[-1]
    assert isinstance(layer, SharedDropout)
    assert (layer.rate, layer.seed) == (0.3, 7)
