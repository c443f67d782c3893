"""The closed forms under TF32, in which a GPU multiplies matrices: 10 bits after the point."""

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.models.dropout_moments import expected_confidence, probability_variance
from kerasseg.models.heads import closed_form_variance

RATE = 0.3


def tf32(values):
    """Rounded to the nearest, ties to even."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = bits + np.uint32(0xFFF) + ((bits >> np.uint32(13)) & np.uint32(1))
    return (rounded & np.uint32(0xFFFFE000)).view(np.float32)


@pytest.fixture
def on_a_gpu(monkeypatch):
    """Matrix products and convolutions round what they multiply, as an Ampere card does."""
    matmul, conv2d = tf.matmul, tf.nn.conv2d
    monkeypatch.setattr(tf, "matmul", lambda a, b, **k: matmul(tf32(a), tf32(b), **k))
    monkeypatch.setattr(tf.nn, "conv2d", lambda x, w, **k: conv2d(tf32(x), tf32(w), **k))


def pixels(*, level):
    """Features (1, 1, N, D), logits, kernel; level: what all weights have in common."""
    rng = np.random.default_rng(0)
    features = rng.exponential(2.0, (1, 1, 3000, 16)).astype(np.float32)
    kernel = rng.normal(level, 0.6, (1, 1, 16, 12)).astype(np.float32)
    return features, features @ kernel[0, 0], kernel


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def in_float64(features, logits, kernel):
    """(squared features times r / (1 - r), probabilities, weights), of N pixels."""
    x, logits, weights = (np.asarray(v, np.float64)[0, 0] for v in (features, logits, kernel))
    return x**2 * RATE / (1 - RATE), softmax(logits), weights


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_the_variance_of_the_probabilities_of_sure_pixels(level, on_a_gpu):
    made = pixels(level=level)
    squared, p, weights = in_float64(*made)
    away = weights[None] - (p @ weights.T)[..., None]
    exact = (p**2 * (squared[..., None] * away**2).sum(axis=1)).sum(axis=-1)
    found = probability_variance(*made, dropout_rate=RATE).numpy()[0, 0]
    sure = p.max(axis=-1) > 0.999
    assert sure.sum() > 100
    assert exact[sure].min() < 1e-9
    np.testing.assert_allclose(found, exact, rtol=0.1)
    assert np.median(np.abs(found / exact - 1)) < 1e-3


def test_its_gradient_is_that_of_the_formula():
    features, logits, kernel = (tf.constant(v) for v in pixels(level=0.0))
    features, logits = features[:, :, :50], logits[:, :, :50]

    def formula(features, logits, kernel):
        squared, weights = tf.square(features) * RATE / (1 - RATE), kernel[0, 0]
        p = tf.nn.softmax(logits)
        away = weights - tf.matmul(p, weights, transpose_b=True)[..., None]
        return tf.reduce_sum(
            tf.square(p) * tf.reduce_sum(squared[..., None] * tf.square(away), -2), axis=-1
        )

    gradients = []
    for function in (lambda *a: probability_variance(*a, dropout_rate=RATE), formula):
        with tf.GradientTape() as tape:
            tape.watch([features, logits, kernel])
            total = tf.reduce_sum(function(features, logits, kernel))
        gradients.append(tape.gradient(total, [features, logits, kernel]))
    for ours, exact in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, exact, rtol=1e-3, atol=1e-4 * np.abs(exact).max())


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_the_expected_confidence(level, on_a_gpu):
    made = pixels(level=level)
    squared, _, weights = in_float64(*made)
    logits = made[1][0, 0].astype(np.float64)
    winner = logits.argmax(axis=-1)
    away = weights[None] - weights.T[winner][..., None]
    variance = (squared[..., None] * away**2).sum(axis=1)
    margin = logits.max(axis=-1, keepdims=True) - logits
    exact = 1 / np.exp(-margin / np.sqrt(1 + np.pi / 8 * variance)).sum(axis=-1)
    found = expected_confidence(*made, dropout_rate=RATE).numpy()[0, 0]
    np.testing.assert_allclose(found, exact, atol=2e-3)


def test_the_variance_of_the_logits(on_a_gpu):
    features, _, kernel = pixels(level=0.0)
    squared, _, weights = in_float64(features, features, kernel)
    exact = (squared @ weights**2).mean(axis=-1)
    found = closed_form_variance(features, kernel, dropout_rate=RATE).numpy()[0, 0]
    np.testing.assert_allclose(found, exact, rtol=1e-3)
