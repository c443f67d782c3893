"""Learning rates against their formulas in NumPy, and what the settings make of an optimizer."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.config import OptimizerConfig
from kerasseg.models.keras_internals import TakesSummedGradients
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


def parts():
    """A net of two layers, and the gradients of three steps."""
    net = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    rng = np.random.default_rng(0)
    for weight in net.weights:
        weight.assign(rng.normal(size=weight.shape))
    gradients = [
        [rng.normal(size=w.shape).astype(np.float32) for w in net.weights] for _ in range(3)
    ]
    return net, gradients


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("clip_norm", [None, 3.0])
def test_a_slower_encoder_moves_as_under_an_optimizer_of_its_own(name, weight_decay, clip_norm):
    of_keras = {
        "adam": keras.optimizers.Adam,
        "adamw": keras.optimizers.AdamW,
        "sgd": lambda **settings: keras.optimizers.SGD(momentum=0.9, **settings),
    }[name]
    net, gradients = parts()
    config = OptimizerConfig(
        name=name,
        learning_rate=0.1,
        encoder_rate=0.25,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
    )
    optimizer = build_optimizer(
        config, build_schedule(config, total_steps=TOTAL), encoder=net.layers[0].weights
    )
    optimizer.build(net.weights)
    for of_step in gradients:
        optimizer.apply(of_step)

    expected, gradients = parts()
    halves = []
    for layer, rate in zip(expected.layers, (0.025, 0.1), strict=True):
        other = of_keras(learning_rate=rate, weight_decay=weight_decay)
        other.exclude_from_weight_decay(var_names=["bias"])
        other.build(layer.weights)
        halves.append(other)
    for of_step in gradients:
        # Neither half knows the norm of all gradients.
        norm = np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in of_step))
        if clip_norm is not None:
            of_step = [np.float32(g * min(1.0, clip_norm / norm)) for g in of_step]
        halves[0].apply(of_step[:2])
        halves[1].apply(of_step[2:])
    for ours, theirs in zip(net.weights, expected.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6, err_msg=ours.path)


def test_the_norm_that_is_clipped_is_that_of_all_gradients():
    net, gradients = parts()
    before = [w.numpy() for w in net.weights]
    config = OptimizerConfig(
        name="sgd", momentum=0.0, learning_rate=1.0, encoder_rate=0.5, clip_norm=0.1
    )
    optimizer = build_optimizer(
        config, build_schedule(config, total_steps=TOTAL), encoder=net.layers[0].weights
    )
    optimizer.build(net.weights)
    optimizer.apply(gradients[0])
    norm = np.sqrt(sum(np.square(g, dtype=np.float64).sum() for g in gradients[0]))
    for i, (weight, start) in enumerate(zip(net.weights, before, strict=True)):
        rate = 0.5 if i < 2 else 1.0
        expected = start - rate * 0.1 / norm * gradients[0][i]
        np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_a_frozen_encoder_moves_after_its_share_of_the_steps(name):
    net, gradients = parts()
    config = OptimizerConfig(name=name, encoder_frozen=0.5, weight_decay=0.1)
    schedule = build_schedule(config, total_steps=1)
    optimizer = build_optimizer(config, schedule, encoder=net.layers[0].weights)
    optimizer.build(net.weights)
    schedule.total_steps.assign(4)  # a budget is planned after the optimizer was built
    moved = []
    for of_step in [*gradients, gradients[0]]:
        before = [w.numpy() for w in net.weights]
        optimizer.apply(of_step)
        pairs = zip(net.weights, before, strict=True)
        moved.append([bool((weight.numpy() != start).any()) for weight, start in pairs])
    assert moved == [[False, False, True, True]] * 2 + [[True] * 4] * 2


@pytest.mark.parametrize(("name", "kept"), [("adam", True), ("adamw", True), ("sgd", False)])
def test_moments_of_a_frozen_encoder_are_those_of_gradients_alone(name, kept):
    net, gradients = parts()
    config = OptimizerConfig(name=name, encoder_frozen=0.5)
    optimizer = build_optimizer(
        config, build_schedule(config, total_steps=TOTAL), encoder=net.layers[0].weights
    )
    optimizer.build(net.weights)
    optimizer.apply(gradients[0])
    moments = [v.numpy() for v in optimizer.variables if v.shape == net.layers[0].kernel.shape]
    assert moments
    assert all(bool(moment.any()) == kept for moment in moments)


@pytest.mark.parametrize(("share", "total", "first"), [(0.99, 10, 9), (0.6, 1, 0), (0.25, 8, 2)])
def test_the_last_step_trains_the_encoder_however_large_its_share(share, total, first):
    schedule = build_schedule(OptimizerConfig(), total_steps=total)
    started = [float(schedule.started(step, after=share)) for step in range(total)]
    assert started == [0.0] * first + [1.0] * (total - first)


class PlainAdam(TakesSummedGradients, FusedAdam):
    """Without rates by variable."""


class PlainSGD(TakesSummedGradients, keras.optimizers.SGD):
    """Without rates by variable."""


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_at_the_defaults_graph_and_bits_are_those_without_the_settings(name):
    def run(make):
        net, gradients = parts()
        optimizer = make(net)
        optimizer.build(net.weights)
        step = tf.function(lambda of_step: optimizer.apply(of_step))
        for of_step in gradients:
            step([tf.constant(g) for g in of_step])
        graph = step.get_concrete_function([tf.constant(g) for g in gradients[0]]).graph
        ops = [op.type for op in graph.get_operations()]
        return ops, [v.numpy() for v in (*net.weights, *optimizer.variables)]

    config = OptimizerConfig(name=name, schedule="cosine", weight_decay=0.1, clip_norm=1.0)
    schedule = build_schedule(config, total_steps=TOTAL)
    shared = {"learning_rate": schedule, "weight_decay": 0.1, "global_clipnorm": 1.0}

    def plain(net):
        made = PlainSGD(momentum=0.9, **shared) if name == "sgd" else PlainAdam(**shared)
        made.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        return made

    expected_ops, expected = run(plain)
    ops, found = run(lambda net: build_optimizer(config, schedule, encoder=net.layers[0].weights))
    assert ops == expected_ops
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)
