"""Sampled and closed-form scores against loops in NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import entropy

from kerasseg.evaluation.monte_carlo import DropoutScores
from kerasseg.models.dropout_moments import expected_confidence, probability_variance
from tests.inference.small_model import blotches, small_graph

SEED, RATE = 7, 0.3


@pytest.fixture(scope="module")
def graph():
    return small_graph()


@pytest.fixture(scope="module")
def image():
    return blotches(40, 60)[None]


@pytest.fixture(scope="module")
def scores(graph):
    return DropoutScores(graph, seed=SEED)


@pytest.fixture(scope="module")
def found(scores, image):
    return {name: values.numpy()[0] for name, values in scores(image).items()}


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def resized(values, size=(40, 60)):
    return tf.image.resize(values, size, method="bilinear", antialias=False).numpy()


@pytest.fixture(scope="module")
def sampled(graph, image):
    """(features, direct logits, logits of 50 passes), by NumPy from the masks alone."""
    features, logits = (values.numpy()[0] for values in graph.working(image))
    kernel, bias = graph.head.kernel.numpy()[0, 0], graph.head.bias.numpy()
    passes = []
    for index in range(50):
        ones = tf.ones([1, *features.shape])
        mask = tf.nn.experimental.stateless_dropout(ones, RATE, seed=[SEED, index]).numpy()[0]
        assert set(np.unique(mask)) == {0, np.float32(1 / (1 - RATE))}
        passes.append((features * mask) @ kernel + bias)
    return features, logits, np.stack(passes)


@pytest.mark.parametrize("passes", [3, 10, 50])
def test_the_entropy_of_the_mean_of_sampled_passes(found, sampled, passes):
    mean = resized(softmax(sampled[2][:passes]).mean(axis=0))
    expected = entropy(mean, axis=-1)
    np.testing.assert_allclose(found[f"MC Dropout {passes}"], expected, atol=2e-4)
    if passes == 50:
        expected = 1 - mean.max(axis=-1)
        np.testing.assert_allclose(found["MC Dropout 50, 1 - confidence"], expected, atol=1e-4)


def test_the_sampled_variance_is_gated_like_the_closed_form(found, sampled, graph, image):
    _, logits, passes = sampled
    variance = passes.var(axis=0, ddof=1).mean(axis=-1) * (1 - softmax(logits)[..., -1])
    expected = resized(variance[..., None])[..., 0]
    np.testing.assert_allclose(found["MC variance 50"], expected, rtol=1e-3, atol=1e-5)
    closed = graph.predict(image)["variance"].numpy()[0]
    assert expected.mean() == pytest.approx(closed.mean(), rel=0.05)


def test_passes_of_the_whole_net_are_passes_of_the_head(scores, found, image):
    for way in (scores.whole_passes, scores.head_passes):
        np.testing.assert_allclose(way(image)[0], found["MC Dropout 50"], atol=1e-4)


def test_scores_without_a_sample(found, sampled, graph, image):
    features, logits, _ = sampled
    kernel = graph.head.kernel.numpy()[0, 0]
    np.testing.assert_allclose(found["max logit"], np.exp(-resized(logits).max(axis=-1)), rtol=1e-3)
    plain = (features**2 @ kernel**2).mean(axis=-1) * RATE / (1 - RATE)
    np.testing.assert_allclose(
        found["variance, no gate"], resized(plain[..., None])[..., 0], rtol=1e-3
    )
    assert all(v.dtype == np.float32 and (v >= 0).all() for v in found.values())


def pixels(seed, spread):
    """Features (1, 1, N, D), logits and kernel of N pixels; spread: of the kernel."""
    rng = np.random.default_rng(seed)
    features = rng.exponential(1, (1, 1, 30, 8)).astype(np.float32)
    kernel = (rng.normal(0, spread, (1, 1, 8, 5))).astype(np.float32)
    return features, features @ kernel[0, 0], kernel


def test_the_variance_of_the_probabilities_by_a_loop():
    features, logits, kernel = pixels(0, 0.5)
    found = probability_variance(features, logits, kernel, dropout_rate=RATE).numpy()[0, 0]
    weights, p = kernel[0, 0].astype(float), softmax(logits.astype(float))[0, 0]
    for n in range(30):
        total = 0.0
        for c in range(5):
            for i in range(8):
                slope = p[n, c] * (weights[i, c] - p[n] @ weights[i])
                total += (slope * features[0, 0, n, i]) ** 2 * RATE / (1 - RATE)
        assert found[n] == pytest.approx(total, rel=1e-3, abs=1e-6)


def sampled_probabilities(features, kernel):
    """(4000, N, C): of 4000 draws of Dropout."""
    kept = np.random.default_rng(0).random((4000, *features.shape[2:])) >= RATE
    return softmax(features[0, 0] * kept / (1 - RATE) @ kernel[0, 0])


def test_the_variance_of_the_probabilities_is_near_what_many_passes_give():
    features, logits, kernel = pixels(1, 0.1)
    found = probability_variance(features, logits, kernel, dropout_rate=RATE).numpy()[0, 0]
    expected = sampled_probabilities(features, kernel).var(axis=0).sum(axis=-1)
    assert np.corrcoef(found, expected)[0, 1] > 0.95
    assert np.median(np.abs(found / expected - 1)) < 0.15


def test_the_expected_confidence_is_nearer_to_many_passes_than_one_is():
    features, logits, kernel = pixels(1, 1.0)
    found = expected_confidence(features, logits, kernel, dropout_rate=RATE).numpy()[0, 0]
    plain = softmax(logits)[0, 0]
    mean = sampled_probabilities(features, kernel).mean(axis=0)
    mean = mean[np.arange(30), plain.argmax(axis=-1)]
    assert np.abs(found - mean).mean() < 0.7 * np.abs(plain.max(axis=-1) - mean).mean()
    assert np.corrcoef(found, mean)[0, 1] > 0.9


def test_without_spread_the_expected_confidence_is_the_confidence():
    features, logits, kernel = pixels(2, 1.0)
    found = expected_confidence(features * 0, logits, kernel, dropout_rate=RATE)
    np.testing.assert_allclose(found, softmax(logits).max(axis=-1), rtol=1e-5)
