"""A part of a batch is dropped as it is in the whole batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.models.layers.dropout import SharedDropout, uniform_part


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("seed", [(0, 0), (-5, 77), (2**31 - 1, 3)])
def test_a_part_of_the_numbers_is_where_it_is_in_all_of_them(seed, dtype):
    total = 4000
    whole = tf.random.stateless_uniform([total], seed=seed, dtype=dtype)
    for start, count in ((0, 10), (1, 7), (2, 1), (3, 2000), (1998, 2002), (3999, 1)):
        part = uniform_part(tf.constant(seed), start=start, count=count, dtype=dtype)
        expected = tf.cast(whole[start : start + count], tf.float32)
        np.testing.assert_array_equal(tf.cast(part, tf.float32), expected)


def test_on_one_device_it_is_keras_dropout():
    images = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    ours, plain = SharedDropout(0.3, seed=7), keras.layers.Dropout(0.3, seed=7)
    for _ in range(2):
        np.testing.assert_array_equal(ours(images, training=True), plain(images, training=True))
    np.testing.assert_array_equal(ours(images, training=False), images)


def test_it_is_saved_and_loaded(tmp_path):
    image = keras.Input((2, 2, 3))
    keras.Model(image, SharedDropout(0.3, seed=7)(image)).save(tmp_path / "net.keras")
    layer = keras.saving.load_model(tmp_path / "net.keras").layers[-1]
    assert isinstance(layer, SharedDropout)
    assert (layer.rate, layer.seed) == (0.3, 7)
