"""The closed form of the branch variance, and the nets that share the head."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.config import ModelConfig
from kerasseg.models.blocks import initializer_seeds
from kerasseg.models.build import build_net
from kerasseg.models.heads import (
    FEATURES,
    closed_form_variance,
    direct_head,
    features_and_logits,
    with_branches,
)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.8])
def test_the_closed_form_is_that_of_a_loop(rate):
    features, kernel = noise(2, 3, 4, 6), noise(1, 1, 6, 5, seed=1)
    expected = np.zeros((2, 3, 4))
    for b, y, x in np.ndindex(2, 3, 4):
        of_class = [
            rate
            / (1 - rate)
            * sum(kernel[0, 0, i, c] ** 2 * features[b, y, x, i] ** 2 for i in range(6))
            for c in range(5)
        ]
        expected[b, y, x] = np.mean(of_class)
    found = closed_form_variance(features, kernel, dropout_rate=rate)
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def test_the_closed_form_is_the_mean_variance_of_three_dropout_branches():
    # The same pixel many times: each gives an independent sample variance of three branches.
    pixels, rate = 40_000, 0.3
    pixel, kernel = noise(1, 1, 1, 16), noise(1, 1, 16, 4, seed=1)
    source = keras.Input((1, pixels, 16))
    features = keras.layers.Identity(name=FEATURES)(source)
    direct = direct_head(features, outputs=4, seeds=initializer_seeds(0))
    net = with_branches(keras.Model(source, direct), branches=3, dropout_rate=rate, seed=5)
    net.get_layer("head").set_weights([kernel, np.zeros(4, np.float32)])
    features = np.repeat(pixel, pixels, axis=2)
    direct, *branches = (np.asarray(v)[0, 0] for v in net(features, training=True))
    assert np.ptp(direct, axis=0).max() == 0  # the direct path has no dropout
    sampled = np.var(np.stack(branches), axis=0, ddof=1).mean(axis=-1)
    exact = float(closed_form_variance(pixel, kernel, dropout_rate=rate)[0, 0, 0])
    error = sampled.std() / np.sqrt(pixels)
    assert abs(sampled.mean() - exact) < 5 * error
    assert error < 0.01 * exact
    # And branches are drawn independently of one another.
    one, two = branches[0][:, 0], branches[1][:, 0]
    assert abs(np.corrcoef(one, two)[0, 1]) < 5 / np.sqrt(pixels)


def test_features_of_half_precision_are_squared_in_float32():
    features = tf.constant(noise(1, 2, 2, 4) * 300.0, tf.float16)  # squares pass float16's 65504
    kernel = noise(1, 1, 4, 3, seed=1)
    found = closed_form_variance(features, kernel, dropout_rate=0.3)
    exact = np.square(features.numpy().astype(np.float64)) @ np.square(kernel[0, 0]).mean(-1)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, 0.3 / 0.7 * exact, rtol=1e-5)


def test_the_net_without_branches_shares_the_weights():
    net = build_net(ModelConfig(width=2, depth=1), outputs=3, seed=0, precision="float32")
    direct = features_and_logits(net)
    image = np.abs(noise(1, 6, 5, 3)) * 50
    features, logits = direct(image, training=False)
    assert features.shape == (1, 6, 5, 2)
    np.testing.assert_array_equal(logits, net(image, training=False)[0])
    net.get_layer("head").bias.assign([1.0, 2.0, 3.0])
    moved = direct(image, training=False)[1]
    np.testing.assert_allclose(moved - logits, np.broadcast_to([1, 2, 3], (1, 6, 5, 3)), atol=1e-5)


def test_at_inference_the_branches_say_what_the_direct_path_says():
    net = build_net(ModelConfig(width=2, depth=1), outputs=3, seed=0, precision="float32")
    direct, *branches = net(np.abs(noise(1, 4, 4, 3)) * 50, training=False)
    for branch in branches:
        np.testing.assert_array_equal(branch, direct)
