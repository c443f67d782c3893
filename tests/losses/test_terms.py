"""The objective against a loop over pixels in float64, and its corner cases."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.segmentation import find_boundaries

from kerasseg.losses.terms import (
    branch_variance,
    gated_variance,
    pixel_targets,
    weighted_cross_entropy,
)
from tests.training.small_segmenter import small_objective

OUTPUTS = 5
SHAPE = (2, 6, 7)


objective = partial(small_objective, outputs=OUTPUTS)


@pytest.fixture
def batch():
    """label with void and boundaries, direct logits, three branch logits."""
    rng = np.random.default_rng(7)
    label = rng.choice([0, 1, 2, 3, 255], size=SHAPE).astype(np.uint8)
    direct = rng.normal(0, 3, (*SHAPE, OUTPUTS)).astype(np.float32)
    branches = [direct + rng.normal(0, 1, direct.shape).astype(np.float32) for _ in range(3)]
    return label, direct, branches


def terms(goal, label, direct, branches=(), variance=None):
    """(cross entropy, variance) as floats."""
    values = goal.terms(
        tf.constant(label),
        tf.constant(direct),
        branch_logits=[tf.constant(b) for b in branches],
        variance=variance,
    )
    return tuple(float(value) for value in values)


def softmax(logits):
    """float64 (C,) to probabilities."""
    values = np.exp(logits - logits.max())
    return values / values.sum()


def by_hand(
    label, direct, branches, *, background_id, k, mode, class_weights, of_probabilities=False
):
    """Both terms, pixel by pixel, in float64."""
    entropies, variances = [], []
    for b, y, x in np.ndindex(label.shape):
        logits = direct[b, y, x].astype(np.float64)
        probabilities = softmax(logits)
        void = label[b, y, x] == 255
        if void and background_id is None:
            entropies.append(0.0)
            variances.append(0.0)
            continue
        target = background_id if void else label[b, y, x]
        weight = k if find_boundaries(label[b], mode=mode)[y, x] else 1.0
        if class_weights is not None:
            weight *= class_weights[target]
        entropies.append(-weight * np.log(probabilities[target]))
        spread = np.array([branch[b, y, x] for branch in branches], np.float64)
        if of_probabilities:
            spread = np.array([softmax(logits) for logits in spread])
        gate = 1.0 if background_id is None else 1.0 - probabilities[background_id]
        variances.append(gate * np.mean([np.var(column, ddof=1) for column in spread.T]))
    return np.mean(entropies), np.mean(variances)


@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None])
@pytest.mark.parametrize("mode", ["outer", "thick"])
@pytest.mark.parametrize("class_weights", [None, (0.5, 2.0, 1.0, 3.0, 1.5)])
def test_both_terms_are_those_of_a_loop_over_pixels(batch, background_id, mode, class_weights):
    goal = objective(background_id=background_id, boundary_mode=mode, class_weights=class_weights)
    expected = by_hand(
        *batch, background_id=background_id, k=2.0, mode=mode, class_weights=class_weights
    )
    np.testing.assert_allclose(terms(goal, *batch), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("branches", "expected"), [((2.0, 2.0, 2.0), 0.0), ((0.0, 1.0, 2.0), 0.75)]
)
def test_variance_is_gated_by_the_background_probability(branches, expected):
    # Equal logits over 4 classes: p(background) = 1/4, so the gate is 3/4.
    # The sample variance of 0, 1, 2 is 1.
    direct = tf.zeros([1, 2, 2, 4])
    branch = tf.stack([tf.fill([1, 2, 2, 4], b) for b in branches])
    loss = gated_variance(
        direct,
        branch_variance(branch),
        tf.ones([1, 2, 2]),
        background_id=3,
        gate_gradient=True,
    )
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_the_variance_may_be_that_of_the_probabilities(batch):
    goal = objective(of_probabilities=True)
    settings = {"background_id": OUTPUTS - 1, "k": 2.0, "mode": "outer", "class_weights": None}
    expected = by_hand(*batch, **settings, of_probabilities=True)
    assert terms(goal, *batch) == pytest.approx(expected, rel=1e-5)
    assert expected[1] != pytest.approx(by_hand(*batch, **settings)[1], rel=0.5)


def test_without_its_two_additions_it_is_plain_cross_entropy(batch):
    label, direct, branches = batch
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    goal = objective(k=1.0, uncertainty_weight=0.0)
    target = np.where(label == 255, OUTPUTS - 1, label)
    cross_entropy, variance = terms(goal, label, direct, branches)
    assert cross_entropy == float(plain(target, direct))
    assert variance == 0.0


def test_without_uncertainty_weight_no_variance_is_computed(batch):
    label, direct, _ = batch
    goal = objective(uncertainty_weight=0.0, closed_form=True)
    called = []
    terms(goal, label, direct, variance=lambda: called.append(1))
    assert not called


def test_the_closed_form_takes_the_place_of_the_sampled_variance(batch):
    label, direct, branches = batch
    given = branch_variance(tf.stack([tf.constant(b) for b in branches]))
    closed = terms(objective(closed_form=True), label, direct, variance=lambda: given)
    assert closed == terms(objective(), label, direct, branches)


@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None])
@pytest.mark.parametrize("value", [255, 2], ids=["all void", "no boundary"])
def test_a_batch_of_one_label_is_finite_with_finite_gradients(batch, background_id, value):
    _, direct, branches = batch
    label = np.full(SHAPE, value, np.uint8)
    logits = tf.constant(direct)
    stacked = [tf.constant(b) for b in branches]
    with tf.GradientTape() as tape:
        tape.watch([logits, *stacked])
        total = sum(
            objective(background_id=background_id).terms(
                tf.constant(label), logits, branch_logits=stacked, variance=None
            )
        )
    assert np.isfinite(float(total))
    for gradient in tape.gradient(total, [logits, *stacked]):
        assert np.isfinite(gradient.numpy()).all()
    if value == 255 and background_id is None:
        assert float(total) == 0.0
    else:
        assert float(total) > 0.0


def test_the_logits_of_ignored_void_do_not_matter(batch):
    label, direct, branches = batch
    goal = objective(background_id=None)
    void = label == 255
    changed = np.where(void[..., None], 50.0, direct).astype(np.float32)
    others = [
        np.where(void[..., None], i * 9.0, b).astype(np.float32) for i, b in enumerate(branches)
    ]
    assert terms(goal, label, changed, others) == terms(goal, label, direct, branches)


def test_void_trains_the_background_or_weighs_nothing():
    label = tf.constant([[[0, 255, 3]]], tf.uint8)
    target, weight = pixel_targets(label, background_id=4)
    np.testing.assert_array_equal(target, [[[0, 4, 3]]])
    np.testing.assert_array_equal(weight, [[[1, 1, 1]]])
    target, weight = pixel_targets(label, background_id=None)
    np.testing.assert_array_equal(target[weight == 1], [0, 3])
    np.testing.assert_array_equal(weight, [[[1, 0, 1]]])


def gate_gradients(batch, gate_gradient):
    _, direct, branches = batch
    logits, stacked = tf.constant(direct), tf.constant(np.stack(branches))
    with tf.GradientTape() as tape:
        tape.watch([logits, stacked])
        value = gated_variance(
            logits,
            branch_variance(stacked),
            tf.ones(SHAPE),
            background_id=OUTPUTS - 1,
            gate_gradient=gate_gradient,
        )
    gradients = tape.gradient(
        value, [logits, stacked], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    return float(value), *(gradient.numpy() for gradient in gradients)


def test_the_gate_is_trained_only_if_asked_and_its_value_is_the_same(batch):
    open_value, open_direct, open_branches = gate_gradients(batch, True)
    shut_value, shut_direct, shut_branches = gate_gradients(batch, False)
    assert open_value == shut_value
    assert not shut_direct.any()
    # Calling the pixel background more often lowers the term, everywhere.
    assert (open_direct[..., OUTPUTS - 1] < 0).all()
    np.testing.assert_array_equal(open_branches, shut_branches)


def test_a_boundary_pixel_weighs_k_times_as_much():
    label = np.array([[[1, 1, 1, 2, 2, 2]]], np.uint8)  # the two in the middle are the boundary
    direct = np.zeros((1, 1, 6, OUTPUTS), np.float32)
    value, _ = terms(objective(k=4.0, uncertainty_weight=0.0), label, direct)
    assert value == pytest.approx(np.log(OUTPUTS) * (4 * 1 + 2 * 4) / 6)


def test_the_weight_multiplies_each_pixel():
    direct = tf.zeros([1, 1, 2, 4])
    target = tf.zeros([1, 1, 2], tf.int32)
    value = weighted_cross_entropy(direct, target, tf.constant([[[3.0, 0.0]]]))
    assert float(value) == pytest.approx(1.5 * np.log(4))
