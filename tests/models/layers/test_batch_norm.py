"""The fused layer against Keras' own and against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.models.layers.batch_norm import FusedBatchNormalization

SHAPE = (2, 5, 6, 4)
OPTIONS = {"momentum": 0.9, "epsilon": 1e-5}


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(1.0, 3.0, SHAPE).astype(np.float32)


def test_in_training_it_answers_and_learns_like_keras(images):
    layers = FusedBatchNormalization(**OPTIONS), keras.layers.BatchNormalization(**OPTIONS)
    answers, gradients = [], []
    for layer in layers:
        x = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(y**3)
        answers.append(y)
        gradients.append(tape.gradient(loss, [x, layer.gamma.value, layer.beta.value]))
    np.testing.assert_allclose(*answers, atol=1e-5)
    for fused, plain in zip(*gradients, strict=True):
        np.testing.assert_allclose(fused, plain, rtol=1e-3, atol=1e-2)


def test_the_moving_statistics_follow_the_unbiased_variance(images):
    layer = FusedBatchNormalization(**OPTIONS)
    layer(images, training=True)
    pixels = images.reshape(-1, SHAPE[-1]).astype(np.float64)
    np.testing.assert_allclose(layer.moving_mean, 0.1 * pixels.mean(0), rtol=1e-5)
    expected = 0.9 + 0.1 * pixels.var(0, ddof=1)
    np.testing.assert_allclose(layer.moving_variance, expected, rtol=1e-5)


def test_in_inference_it_uses_them_and_leaves_them(images):
    fused, plain = FusedBatchNormalization(**OPTIONS), keras.layers.BatchNormalization(**OPTIONS)
    fused(images, training=True)
    plain.build(SHAPE)
    plain.set_weights(fused.get_weights())
    before = fused.get_weights()
    np.testing.assert_allclose(fused(images), plain(images), atol=1e-5)
    fused.trainable = False
    fused(images, training=True)
    for kept, now in zip(before, fused.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_statistics_in_float32(images, policy):
    layer = FusedBatchNormalization(dtype=policy, **OPTIONS)
    answer = layer(images, training=True)
    assert answer.dtype == layer.compute_dtype
    assert layer.moving_mean.dtype == "float32"
    plain = FusedBatchNormalization(**OPTIONS)(images, training=True)
    np.testing.assert_allclose(tf.cast(answer, tf.float32), plain, atol=0.05)


@pytest.mark.parametrize("jit", [False, True])
def test_a_mean_of_a_thousand_deviations_is_normalised(jit):
    images = np.random.default_rng(0).normal(1000.0, 1.0, (4, 32, 32, 3)).astype(np.float32)
    pixels = images.reshape(-1, 3).astype(np.float64)
    layer = FusedBatchNormalization(momentum=0.0, epsilon=1e-5)
    layer.build(images.shape)
    step = tf.function(lambda x: layer(x, training=True), jit_compile=jit)
    expected = (pixels - pixels.mean(0)) / pixels.std(0)
    np.testing.assert_allclose(step(images).numpy().reshape(-1, 3), expected, atol=0.05)
    np.testing.assert_allclose(layer.moving_variance, pixels.var(0, ddof=1), rtol=1e-3)
    np.testing.assert_allclose(layer.moving_mean, pixels.mean(0), rtol=1e-4)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_xla_answers_and_learns_as_without_it(images, policy):
    results = []
    for jit in (False, True):
        layer = FusedBatchNormalization(dtype=policy, **OPTIONS)
        layer.build(SHAPE)

        @tf.function(jit_compile=jit)
        def step(x, layer=layer):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.cast(layer(x, training=True), tf.float32)
                loss = tf.reduce_sum(y**3)
            return [y, *tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])]

        made = step(tf.cast(images, layer.compute_dtype))
        results.append([*(tf.cast(v, tf.float32) for v in made), *layer.get_weights()])
    tolerance = 1e-4 if policy == "float32" else 0.05
    for plain, compiled in zip(*results, strict=True):
        scale = max(1.0, np.abs(plain).max())
        np.testing.assert_allclose(compiled, plain, atol=tolerance * scale)
