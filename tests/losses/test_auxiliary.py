"""The term of the auxiliary head, against a loop over pixels in float64."""

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.labels import OUTSIDE
from kerasseg.losses.term import NetOutputs
from tests.training.small_segmenter import small_objective

OUTPUTS, SHAPE = 4, (2, 5, 6)


def made_batch():
    """label with void and pixels outside, logits."""
    rng = np.random.default_rng(2)
    label = rng.choice([0, 1, 2, 255, OUTSIDE], SHAPE).astype(np.uint8)
    return label, rng.normal(0, 3, (*SHAPE, OUTPUTS)).astype(np.float32)


def by_hand(label, logits, *, background_id, class_weights):
    total = 0.0
    for place in np.ndindex(label.shape):
        target = label[place]
        if target == OUTSIDE or (target == 255 and background_id is None):
            continue
        if target == 255:
            target = background_id
        values = logits[place].astype(np.float64)
        weight = 1.0 if class_weights is None else class_weights[target]
        total += weight * (np.log(np.exp(values).sum()) - values[target])
    return total / label.size


def value(label, logits, **settings):
    goal = small_objective(outputs=OUTPUTS, outside=True, auxiliary=0.4, **settings)
    nothing = np.zeros_like(logits)
    outputs = NetOutputs(nothing, None, None, 0.3, auxiliary_logits=tf.constant(logits))
    return float(goal.terms["auxiliary"](outputs, goal.labels.targets(tf.constant(label))))


@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None])
@pytest.mark.parametrize("class_weights", [None, (0.5, 2.0, 3.0, 1.5)])
def test_it_is_that_of_a_loop_over_pixels(background_id, class_weights):
    settings = {"background_id": background_id, "class_weights": class_weights}
    expected = by_hand(*made_batch(), **settings)
    assert value(*made_batch(), **settings) == pytest.approx(expected, rel=1e-6)


def test_it_is_plain_whatever_the_main_cross_entropy_is():
    settings = {"boundary_weight": 5.0, "focal_gamma": 2.0, "hard_pixels": 0.3}
    assert value(*made_batch(), **settings, label_smoothing=0.1) == value(*made_batch())


def test_it_is_off_by_default_and_weighed_by_its_setting():
    off, on = small_objective(outputs=OUTPUTS), small_objective(outputs=OUTPUTS, auxiliary=0.4)
    assert not off.needs_auxiliary
    assert on.needs_auxiliary
    assert on.names == (*off.names, "auxiliary")
    values = {"cross_entropy": 3.0, "variance": 0.0, "auxiliary": 5.0}
    assert on.total(values) == pytest.approx(5.0)
