"""The upsampling layers of our own against NumPy and Keras."""

import keras
import numpy as np
import tensorflow as tf

from kerasseg.models.layers.upsampling import BilinearDouble, DoublingConvolution, PixelShuffle


def noise(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def test_pixel_shuffle_lays_four_channels_out_as_a_square():
    values = noise(2, 3, 5, 8)
    expected = np.empty((2, 6, 10, 2), np.float32)
    for y, x in np.ndindex(2, 2):
        expected[:, y::2, x::2] = values[..., 2 * (2 * y + x) : 2 * (2 * y + x) + 2]
    np.testing.assert_array_equal(PixelShuffle()(values), expected)
    assert PixelShuffle().compute_output_shape((None, None, 5, 8)) == (None, None, 10, 2)


def test_bilinear_double_is_keras_upsampling_for_known_and_unknown_sizes():
    values = noise(2, 3, 5, 4)
    expected = keras.layers.UpSampling2D(2, interpolation="bilinear")(values)
    layer = BilinearDouble()
    unknown = tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 4])])
    np.testing.assert_allclose(layer(values), expected, atol=1e-6)
    np.testing.assert_allclose(unknown(values), expected, atol=1e-6)
    assert layer.compute_output_shape((None, None, 5, 4)) == (None, None, 10, 4)


def test_the_doubling_convolution_is_keras_transposed_one_with_the_same_weights():
    values, weights = noise(2, 3, 5, 6), [noise(2, 2, 4, 6), noise(4)]
    results, gradients = [], []
    for layer in (DoublingConvolution(4), keras.layers.Conv2DTranspose(4, 2, strides=2)):
        layer.build(values.shape)
        layer.set_weights(weights)
        with tf.GradientTape() as tape:
            results.append(layer(values))
            loss = tf.reduce_sum(results[-1] ** 3)
        gradients.append(tape.gradient(loss, layer.trainable_variables))
    np.testing.assert_allclose(*results, atol=1e-5)
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    shape = DoublingConvolution(4).compute_output_shape((None, None, 5, 6))
    assert tuple(shape) == (None, None, 10, 4)


def test_a_doubling_convolution_is_made_again_from_its_settings():
    layer = DoublingConvolution(4, name="up0", dtype="mixed_bfloat16")
    again = DoublingConvolution.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again(noise(1, 2, 2, 3)).dtype == tf.bfloat16


def test_they_keep_half_precision():
    for layer in (BilinearDouble(dtype="mixed_bfloat16"), PixelShuffle(dtype="mixed_bfloat16")):
        assert layer(noise(1, 2, 2, 4)).dtype == tf.bfloat16
