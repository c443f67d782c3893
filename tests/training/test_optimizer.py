"""Learning rates against their formulas in NumPy, and what the settings make of an optimizer."""

import keras
import numpy as np
import pytest

from kerasseg.config import OptimizerConfig
from kerasseg.training.fused_adam import FusedAdam
from kerasseg.training.optimizer import build_optimizer, build_schedule

TOTAL = 50


def rates(**settings):
    schedule = build_schedule(OptimizerConfig(**settings), total_steps=TOTAL)
    return np.array([float(schedule(step)) for step in range(TOTAL + 1)])


def decay(kind, share, power=0.9):
    return {
        "constant": np.ones_like(share),
        "polynomial": (1 - share) ** power,
        "cosine": (1 + np.cos(np.pi * share)) / 2,
    }[kind]


@pytest.mark.parametrize("kind", ["constant", "polynomial", "cosine"])
def test_the_rate_follows_its_formula(kind):
    expected = 0.01 * decay(kind, np.arange(TOTAL + 1) / TOTAL)
    np.testing.assert_allclose(rates(learning_rate=0.01, schedule=kind), expected, atol=1e-8)


@pytest.mark.parametrize("kind", ["constant", "polynomial", "cosine"])
def test_a_warm_up_rises_in_a_line_and_the_rest_is_decay(kind):
    found = rates(learning_rate=0.01, schedule=kind, warmup=0.2)
    np.testing.assert_allclose(found[:10], 0.01 * np.arange(1, 11) / 10, rtol=1e-5)
    expected = 0.01 * decay(kind, np.arange(TOTAL - 10 + 1) / (TOTAL - 10))
    np.testing.assert_allclose(found[10:], expected, atol=1e-8)


def test_the_power_is_that_of_the_settings():
    found = rates(learning_rate=1.0, schedule="polynomial", power=2.0)
    np.testing.assert_allclose(found, (1 - np.arange(TOTAL + 1) / TOTAL) ** 2, atol=1e-6)


def test_a_length_that_is_known_later_counts_at_once():
    schedule = build_schedule(OptimizerConfig(schedule="cosine", learning_rate=1.0), total_steps=1)
    assert float(schedule(25)) == 0.0
    schedule.total_steps.assign(50)
    assert float(schedule(25)) == pytest.approx(0.5)


def test_the_rate_never_falls_below_zero_or_past_the_end():
    found = rates(learning_rate=1.0, schedule="polynomial", warmup=0.99)
    assert np.isfinite(found).all()
    assert found.min() >= 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adam", FusedAdam),
        ("adamw", FusedAdam),
        ("sgd", keras.optimizers.SGD),
    ],
)
def test_the_name_names_the_class(name, kind):
    config = OptimizerConfig(name=name, momentum=0.7, clip_norm=2.5)
    optimizer = build_optimizer(config, build_schedule(config, total_steps=TOTAL))
    assert kind in type(optimizer).__bases__
    assert optimizer.name.lower().split("_")[0] == name  # Keras numbers those of one process
    assert optimizer.global_clipnorm == 2.5
    if name == "sgd":
        assert optimizer.momentum == 0.7


def layers():
    source = keras.Input((4, 4, 3))
    x = keras.layers.Conv2D(2, 3, bias_initializer="ones", name="conv")(source)
    net = keras.Model(source, keras.layers.BatchNormalization(name="norm")(x))
    net.get_layer("norm").beta.assign([1.0, 1.0])
    return net


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_weight_decay_shrinks_kernels_and_leaves_the_rest(name):
    net = layers()
    before = {v.path: v.numpy() for v in net.trainable_variables}
    config = OptimizerConfig(name=name, learning_rate=0.1, weight_decay=0.5)
    optimizer = build_optimizer(config, build_schedule(config, total_steps=TOTAL))
    optimizer.build(net.trainable_variables)
    # Without a gradient all that moves a weight is its decay: w - rate * decay * w.
    optimizer.apply([np.zeros(v.shape, np.float32) for v in net.trainable_variables])
    for variable in net.trainable_variables:
        factor = 0.95 if variable.path.endswith("kernel") else 1.0
        np.testing.assert_allclose(
            variable.numpy(), factor * before[variable.path], rtol=1e-5, err_msg=variable.path
        )
