"""Dice, Lovász-softmax, focal loss, label smoothing and hard pixels against loops in float64."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.labels import OUTSIDE
from kerasseg.losses import DiceLoss, LovaszSoftmax, WeightedCrossEntropy
from kerasseg.losses.term import LabelContext, NetOutputs
from tests.losses import image_losses
from tests.training.small_segmenter import small_objective

OUTPUTS = 4
LOSSES = {"dice": (DiceLoss, image_losses.dice), "lovasz": (LovaszSoftmax, image_losses.lovasz)}


def made_batch(seed, *, images=2, height=5, width=6, spread=3.0):
    """Labels in which classes, void and outside may be missing, and logits."""
    rng = np.random.default_rng(seed)
    labels = []
    for _ in range(images):
        kinds = rng.choice([0, 1, 2, 255, OUTSIDE], size=rng.integers(1, 6), replace=False)
        labels.append(rng.choice(kinds, size=(height, width)))
    logits = rng.normal(0, spread, (images, height, width, OUTPUTS)).astype(np.float32)
    return np.stack(labels).astype(np.uint8), logits


@pytest.mark.parametrize("name", LOSSES)
@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    background_id=st.sampled_from([None, OUTPUTS - 1]),
)
def test_they_are_those_of_a_loop(name, seed, size, background_id):
    made, by_hand = LOSSES[name]
    labels, logits = made_batch(seed, height=size[0], width=size[1])
    targets = LabelContext(background_id, outside=True).targets(tf.constant(labels))
    found = made(background_id=background_id).of_targets(targets, tf.constant(logits))
    expected = [by_hand(*image, background_id) for image in zip(labels, logits, strict=True)]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@given(
    seed=st.integers(0, 2**32 - 1),
    gamma=st.sampled_from([0.0, 0.5, 2.0]),
    smoothing=st.sampled_from([0.0, 0.1]),
    share=st.sampled_from([0.01, 0.25, 0.7]),
    background_id=st.sampled_from([None, OUTPUTS - 1]),
)
def test_cross_entropy_in_its_order(seed, gamma, smoothing, share, background_id):
    labels, logits = made_batch(seed)
    labels[labels == OUTSIDE] = 255  # the loss of Keras has no word for outside
    loss = WeightedCrossEntropy(
        boundary_weight=1.0,
        background_id=background_id,
        focal_gamma=gamma,
        label_smoothing=smoothing,
        hard_pixels=share,
    )
    settings = {"gamma": gamma, "smoothing": smoothing, "share": share}
    expected = np.mean(
        [
            image_losses.cross_entropy(label, image, background_id, **settings)
            for label, image in zip(labels, logits, strict=True)
        ]
    )
    assert float(loss(labels, logits)) == pytest.approx(expected, rel=2e-6, abs=1e-7)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_is_that_of_small_differences(name):
    made, by_hand = LOSSES[name]
    labels, logits = made_batch(11, images=1)
    value = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(value)
        loss = made()(labels, value)
    found = tape.gradient(loss, value).numpy()
    step = 1e-5
    for place in [(0, 0, 0, 0), (0, 2, 3, 1), (0, 4, 5, 2), (0, 1, 1, 3)]:
        up, down = logits.astype(np.float64), logits.astype(np.float64)
        up[place] += step
        down[place] -= step
        slope = (by_hand(labels[0], up[0], None) - by_hand(labels[0], down[0], None)) / (2 * step)
        assert found[place] == pytest.approx(slope, abs=1e-5)


SETTINGS = [
    {"dice": 0.7, "lovasz": 0.3},
    {"focal_gamma": 0.5},
    {"focal_gamma": 2.0, "hard_pixels": 0.3, "label_smoothing": 0.1},
]


def outputs_of(logits) -> NetOutputs:
    features = tf.zeros([*logits.shape[:-1], 2])
    return NetOutputs(logits, features, tf.zeros([1, 1, 2, OUTPUTS]), 0.3)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("background_id", [None, OUTPUTS - 1])
def test_xla_says_the_same_and_gradients_are_finite(settings, background_id):
    labels, logits = made_batch(3)
    labels[0] = OUTSIDE  # an image of which nothing counts
    logits[1, 0] *= 40.0  # pixels that are right, and wrong, beyond what float32 can tell
    goal = small_objective(
        outputs=OUTPUTS,
        background_id=background_id,
        outside=True,
        uncertainty_weight=0.0,
        **settings,
    )

    def computed(value):
        with tf.GradientTape() as tape:
            tape.watch(value)
            total = goal.total(goal(tf.constant(labels), outputs_of(value)))
        return total, tape.gradient(total, value)

    total, gradient = computed(tf.constant(logits))
    assert np.isfinite(gradient).all()
    assert not gradient[0].numpy().any()
    for found, expected in zip(
        tf.function(computed, jit_compile=True)(tf.constant(logits)), (total, gradient), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_is_computed_in_float32(name):
    labels, logits = made_batch(5)
    half = tf.cast(logits, tf.float16)
    found = LOSSES[name][0]()(labels, half)
    assert found.dtype == tf.float32
    assert float(found) == float(LOSSES[name][0]()(labels, tf.cast(half, tf.float32)))


def test_they_are_off_by_default():
    assert small_objective(outputs=OUTPUTS).names == ("cross_entropy", "variance")
    goal = small_objective(outputs=OUTPUTS, dice=0.5, lovasz=0.25)
    assert goal.names == ("cross_entropy", "variance", "dice", "lovasz")
    assert [term.weight for term in goal.terms.values()] == [1.0, 0.5, 0.5, 0.25]
