"""The objective against a loop over pixels in float64, and its corner cases."""

from functools import partial

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.segmentation import find_boundaries

from kerasseg.losses import (
    TERMS,
    GatedVariance,
    WeightedCrossEntropy,
)
from kerasseg.losses.term import LabelContext, NetOutputs
from kerasseg.losses.variance import branch_variance
from tests.training.small_segmenter import small_objective

OUTPUTS = 5
SHAPE = (2, 6, 7)
# The settings of terms that are off by default, by term.
TURNED_ON: dict[str, dict[str, float]] = {
    name: {name: 1.0} for name in ("dice", "lovasz", "auxiliary")
}

objective = partial(small_objective, outputs=OUTPUTS)


@pytest.fixture
def batch():
    """label with void and boundaries, direct logits, three branch logits."""
    rng = np.random.default_rng(7)
    label = rng.choice([0, 1, 2, 3, 255], size=SHAPE).astype(np.uint8)
    direct = rng.normal(0, 3, (*SHAPE, OUTPUTS)).astype(np.float32)
    branches = [direct + rng.normal(0, 1, direct.shape).astype(np.float32) for _ in range(3)]
    return label, direct, branches


def net_outputs(direct, branches=(), **changes):
    """What a net would hand over, with features and a kernel of noise."""
    rng = np.random.default_rng(3)
    values = {
        "logits": tf.constant(direct),
        "features": tf.constant(rng.normal(size=(*direct.shape[:-1], 6)).astype(np.float32)),
        "head_kernel": tf.constant(rng.normal(size=(1, 1, 6, OUTPUTS)).astype(np.float32)),
        "dropout_rate": 0.3,
        "branch_logits": tf.stack([tf.constant(b) for b in branches]) if len(branches) else None,
        "auxiliary_logits": tf.constant(direct),
    }
    return NetOutputs(**{**values, **changes})


def terms(goal, label, direct, branches=()):
    """(cross entropy, variance) as floats."""
    values = goal(tf.constant(label), net_outputs(direct, branches))
    assert tuple(values) == ("cross_entropy", "variance")
    return tuple(float(value) for value in values.values())


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
    branch = [tf.fill([1, 2, 2, 4], b) for b in branches]
    logits = tf.stack([direct, *branch], axis=3)
    loss = GatedVariance(background_id=3)(np.zeros((1, 2, 2), np.uint8), logits)
    assert float(loss) == pytest.approx(expected, abs=1e-6)


def test_the_variance_may_be_that_of_the_probabilities(batch):
    goal = objective(variance_of="probabilities")
    settings = {"background_id": OUTPUTS - 1, "k": 2.0, "mode": "outer", "class_weights": None}
    expected = by_hand(*batch, **settings, of_probabilities=True)
    assert terms(goal, *batch) == pytest.approx(expected, rel=1e-5)
    assert expected[1] != pytest.approx(by_hand(*batch, **settings)[1], rel=0.5)


def test_without_its_two_additions_it_is_plain_cross_entropy(batch):
    label, direct, branches = batch
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    goal = objective(boundary_weight=1.0, uncertainty_weight=0.0)
    target = np.where(label == 255, OUTPUTS - 1, label)
    cross_entropy, variance = terms(goal, label, direct, branches)
    assert cross_entropy == float(plain(target, direct))
    assert variance == 0.0


def test_without_uncertainty_weight_no_variance_is_computed(batch):
    label, direct, _ = batch
    for variance in ("sampled", "closed_form"):
        goal = objective(uncertainty_weight=0.0, variance=variance)
        assert not goal.needs_branches
        nothing = net_outputs(direct, features=None, head_kernel=None)
        assert float(goal(tf.constant(label), nothing)["variance"]) == 0.0


@pytest.mark.parametrize("of", ["logits", "probabilities"])
def test_the_closed_form_takes_the_place_of_branches_that_were_not_drawn(batch, of):
    label, direct, _ = batch
    sampled, closed = (
        objective(variance=variance, variance_of=of) for variance in ("sampled", "closed_form")
    )
    assert sampled.needs_branches
    assert not closed.needs_branches
    assert terms(closed, label, direct) == terms(sampled, label, direct)
    assert terms(closed, label, direct)[1] > 0


def test_the_total_weighs_each_term():
    goal = objective(uncertainty_weight=0.25)
    assert goal.names == ("cross_entropy", "variance")
    assert goal.total({"cross_entropy": 3.0, "variance": 8.0}) == 5.0


@pytest.mark.parametrize("name", TERMS)
def test_the_parts_of_a_batch_add_up(batch, name):
    # What replicas rely on: the mean over the batch is the mean of the means of its images.
    label, direct, branches = batch
    term = objective(**TURNED_ON.get(name, {})).terms[name]
    targets = LabelContext(OUTPUTS - 1).targets
    whole = float(term(net_outputs(direct, branches), targets(label)))
    parts = [
        float(
            term(
                net_outputs(direct[i : i + 1], [b[i : i + 1] for b in branches]),
                targets(label[i : i + 1]),
            )
        )
        for i in range(SHAPE[0])
    ]
    assert np.mean(parts) == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None])
@pytest.mark.parametrize("value", [255, 1], ids=["all void", "one class"])
def test_every_term_is_finite_and_not_negative_with_finite_gradients(
    batch, name, background_id, value
):
    _, direct, branches = batch
    term = objective(background_id=background_id, **TURNED_ON.get(name, {})).terms[name]
    targets = LabelContext(background_id).targets(tf.fill(SHAPE, tf.constant(value, tf.uint8)))
    logits, stacked = tf.constant(direct * 30), tf.constant(np.stack(branches) * 30)
    with tf.GradientTape() as tape:
        tape.watch([logits, stacked])
        logits_of = {"logits": logits, "branch_logits": stacked, "auxiliary_logits": logits}
        outputs = net_outputs(direct, **logits_of)
        loss = term(outputs, targets)
    assert loss.shape == ()
    assert np.isfinite(float(loss))
    assert float(loss) >= 0
    gradients = tape.gradient(
        loss, [logits, stacked], unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    assert all(np.isfinite(gradient.numpy()).all() for gradient in gradients)


@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None])
@pytest.mark.parametrize("value", [255, 2], ids=["all void", "no boundary"])
def test_a_batch_of_one_label_is_finite_with_finite_gradients(batch, background_id, value):
    _, direct, branches = batch
    label = np.full(SHAPE, value, np.uint8)
    logits = tf.constant(direct)
    stacked = [tf.constant(b) for b in branches]
    with tf.GradientTape() as tape:
        tape.watch([logits, *stacked])
        outputs = net_outputs(direct, logits=logits, branch_logits=tf.stack(stacked))
        total = sum(objective(background_id=background_id)(tf.constant(label), outputs).values())
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
    targets = LabelContext(background_id=4).targets(label)
    np.testing.assert_array_equal(targets.classes, [[[0, 4, 3]]])
    np.testing.assert_array_equal(targets.valid, [[[1, 1, 1]]])
    targets = LabelContext(background_id=None).targets(label)
    np.testing.assert_array_equal(targets.classes[targets.valid == 1], [0, 3])
    np.testing.assert_array_equal(targets.valid, [[[1, 0, 1]]])


def gate_gradients(batch, gate_gradient):
    _, direct, branches = batch
    logits, stacked = tf.constant(direct), tf.constant(np.stack(branches))
    with tf.GradientTape() as tape:
        tape.watch([logits, stacked])
        loss = GatedVariance(background_id=OUTPUTS - 1, gate_gradient=gate_gradient)
        targets = LabelContext(OUTPUTS - 1).targets(tf.zeros(SHAPE, tf.uint8))
        value = tf.reduce_mean(loss.of_targets(targets, logits, branch_variance(stacked)))
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
    value, _ = terms(objective(boundary_weight=4.0, uncertainty_weight=0.0), label, direct)
    assert value == pytest.approx(np.log(OUTPUTS) * (4 * 1 + 2 * 4) / 6)


def test_the_class_weight_multiplies_each_pixel():
    label = np.array([[[0, 1]]], np.uint8)
    loss = WeightedCrossEntropy(boundary_weight=1.0, class_weights=(3.0, 0.0, 1.0, 1.0))
    assert float(loss(label, tf.zeros([1, 1, 2, 4]))) == pytest.approx(1.5 * np.log(4))


@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None])
def test_the_losses_of_keras_say_what_the_terms_say(batch, background_id):
    label, direct, branches = batch
    weights = (0.5, 2.0, 1.0, 3.0, 1.5)
    goal = objective(background_id=background_id, class_weights=weights)
    entropy = WeightedCrossEntropy(background_id=background_id, class_weights=weights)
    variance = GatedVariance(background_id=background_id)
    stacked = np.stack([direct, *branches], axis=3)
    expected = terms(goal, label, direct, branches)
    assert float(entropy(label, direct)) == pytest.approx(expected[0], rel=1e-6)
    assert float(entropy(label[..., None], direct)) == pytest.approx(expected[0], rel=1e-6)
    assert float(variance(label, stacked)) == pytest.approx(expected[1], rel=1e-5)
