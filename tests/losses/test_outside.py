"""What lies outside the image is left out of every term, whatever void trains."""

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.labels import OUTSIDE
from kerasseg.losses import TERMS
from kerasseg.losses.term import NetOutputs
from tests.training.small_segmenter import small_objective

OUTPUTS, INNER, MARGINS = 5, (2, 6, 7), ((0, 0), (3, 0), (2, 4))
INSIDE = (slice(None), slice(3, 9), slice(2, 9))


def batch(seed=0):
    """label with void, and what a net would say of it, as variables: all of a padded image."""
    rng = np.random.default_rng(seed)
    label = np.pad(
        rng.choice([0, 1, 2, 3, 255], size=INNER).astype(np.uint8), MARGINS, constant_values=OUTSIDE
    )
    shape = label.shape
    outputs = NetOutputs(
        logits=tf.Variable(rng.normal(0, 3, (*shape, OUTPUTS)), dtype=tf.float32),
        features=tf.Variable(rng.normal(size=(*shape, 6)), dtype=tf.float32),
        head_kernel=tf.constant(rng.normal(size=(1, 1, 6, OUTPUTS)), tf.float32),
        dropout_rate=0.3,
        branch_logits=tf.Variable(rng.normal(0, 3, (3, *shape, OUTPUTS)), dtype=tf.float32),
        auxiliary_logits=tf.Variable(rng.normal(0, 3, (*shape, OUTPUTS)), dtype=tf.float32),
    )
    return label, outputs


def inner(outputs):
    return NetOutputs(
        logits=outputs.logits[INSIDE],
        features=outputs.features[INSIDE],
        head_kernel=outputs.head_kernel,
        dropout_rate=outputs.dropout_rate,
        branch_logits=outputs.branch_logits[(slice(None), *INSIDE)],
        auxiliary_logits=outputs.auxiliary_logits[INSIDE],
    )


SETTINGS = [
    {"background_id": OUTPUTS - 1},
    {"background_id": None},
    {"background_id": OUTPUTS - 1, "variance": "closed_form", "boundary_mode": "thick"},
    {"background_id": OUTPUTS - 1, "auxiliary": 0.4},
    {"background_id": None, "auxiliary": 0.4},
    {"background_id": None, "variance_of": "probabilities", "boundary_width": 2},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_terms_are_those_of_the_image_alone(settings):
    goal = small_objective(outputs=OUTPUTS, outside=True, **settings)
    label, outputs = batch()
    found = goal(tf.constant(label), outputs)
    expected = goal(tf.constant(label[INSIDE]), inner(outputs))
    # The mean stays over all pixels, so that the terms of parts of a batch add up.
    share = np.prod(INNER) / label.size
    for name in goal.names:
        assert float(found[name]) == pytest.approx(float(expected[name]) * share, rel=1e-5)
        assert float(found[name]) > 0


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", TERMS)
def test_no_gradient_reaches_what_lies_outside(settings, name):
    goal = small_objective(outputs=OUTPUTS, outside=True, **settings)
    if name not in goal.names:
        pytest.skip(f"{name} is off in these settings")
    label, outputs = batch()
    watched = [
        outputs.logits,
        outputs.features,
        outputs.branch_logits,
        outputs.auxiliary_logits,
    ]
    with tf.GradientTape() as tape:
        value = goal(tf.constant(label), outputs)[name]
    reached = 0
    for gradient in tape.gradient(value, watched):
        if gradient is None:
            continue
        pixels = np.abs(gradient.numpy()).sum(axis=-1)
        pixels = pixels.reshape(-1, *label.shape).sum(axis=0)
        assert not pixels[label == OUTSIDE].any()
        reached += pixels.any()
    assert reached


def test_an_image_that_is_all_outside_costs_nothing():
    goal = small_objective(outputs=OUTPUTS, outside=True)
    label, outputs = batch()
    values = goal(tf.fill(label.shape, tf.constant(OUTSIDE, tf.uint8)), outputs)
    assert {name: float(value) for name, value in values.items()} == dict.fromkeys(goal.names, 0.0)
