"""The training step: the update itself, `fit`, precisions, averaged weights, replicas."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.config import AugmentConfig, OptimizerConfig
from kerasseg.models.build import encoder_variables
from kerasseg.training.step import compile_step
from tests.programs import PROJECT, run_program
from tests.training.small_segmenter import OUTPUTS, dataset, noise_batch, small_segmenter

PLAIN = {"boundary_weight": 1.0, "uncertainty_weight": 0.0}
STILL = AugmentConfig(flip=False)
SGD = OptimizerConfig(name="sgd", learning_rate=0.5, momentum=0.0)


def weights(segmenter):
    return [w.copy() for w in segmenter.net.get_weights()]


def test_a_plain_step_is_gradient_descent_on_keras_cross_entropy():
    segmenter = small_segmenter(optimizer=SGD, augmentation=STILL, **PLAIN)
    batch, net = noise_batch(), segmenter.net
    target = np.where(batch["label"] == 255, OUTPUTS - 1, batch["label"])
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    twin = keras.models.clone_model(net)
    twin.set_weights(net.get_weights())
    with tf.GradientTape() as tape:
        loss = loss_of(target, twin(batch["image"].astype(np.float32), training=True)[0])
    gradients = tape.gradient(loss, twin.trainable_variables)
    expected = [
        v.numpy() - 0.5 * g.numpy()
        for v, g in zip(twin.trainable_variables, gradients, strict=True)
    ]
    before = [v.numpy() for v in net.trainable_variables]
    means = segmenter.train_step(batch)
    assert float(means["loss"]) == pytest.approx(float(loss), rel=1e-6)
    for value, wanted in zip(net.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=1e-6)
    assert any(not np.array_equal(a, b) for a, b in zip(before, expected, strict=True))


@pytest.mark.parametrize("variance", ["sampled", "closed_form"], ids=["sampled", "closed form"])
def test_the_parts_add_up_and_the_means_run_until_they_are_reset(variance):
    segmenter = small_segmenter(variance=variance)
    first = {name: float(v) for name, v in segmenter.train_step(noise_batch(0)).items()}
    assert first["variance"] > 0
    assert first["loss"] == pytest.approx(first["cross_entropy"] + 0.5 * first["variance"])
    second = float(segmenter.train_step(noise_batch(1))["cross_entropy"])
    segmenter.reset_metrics()
    assert [float(m.result()) for m in segmenter.term_means.values()] == [0.0, 0.0]
    third = float(segmenter.train_step(noise_batch(2))["cross_entropy"])
    assert third == float(segmenter.term_means["cross_entropy"].result())
    assert second != third


def test_the_closed_form_of_the_probabilities_is_near_what_many_branches_give():
    closed = small_segmenter(variance="closed_form", variance_of="probabilities")
    image = noise_batch()["image"]
    outputs = closed.forward(tf.cast(image, tf.float32), training=True)
    variance = closed.objective.terms["variance"].variance(outputs).numpy()
    features = outputs.features
    kernel, rng = closed.net.get_layer("head").kernel.numpy()[0, 0], np.random.default_rng(0)
    bias = closed.net.get_layer("head").bias.numpy()
    kept = rng.random((2000, *features.shape)) >= 0.3
    logits = (features.numpy() * kept / 0.7) @ kernel + bias
    exponentials = np.exp(logits)
    probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
    sampled = probabilities.var(axis=0, ddof=1).mean(axis=-1)
    assert outputs.logits.shape[-1] == OUTPUTS
    some = sampled > 0  # a pixel whose features are all 0 has no variance
    assert some.mean() > 0.5
    np.testing.assert_array_equal(variance[~some], 0.0)
    assert np.median(variance[some] / sampled[some]) == pytest.approx(1.0, abs=0.15)


def test_fit_does_what_the_training_step_does():
    # Not Adam: it makes a step of its full rate out of a gradient that is nothing but rounding.
    by_fit, by_step = small_segmenter(optimizer=SGD), small_segmenter(optimizer=SGD)
    history = by_fit.fit(dataset(3), epochs=1, verbose=0, shuffle=False)
    for batch in dataset(3):
        means = by_step.train_step(batch)
    assert history.history["loss"] == [pytest.approx(float(means["loss"]), rel=1e-5)]
    for a, b in zip(weights(by_fit), weights(by_step), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert int(by_fit.optimizer.iterations) == 3


def test_the_step_learns_its_batch():
    segmenter = small_segmenter(
        width=4, augmentation=STILL, optimizer=OptimizerConfig(learning_rate=0.03)
    )
    step = compile_step(segmenter, jit=False)
    losses = []
    for _ in range(25):
        segmenter.reset_metrics()
        losses.append(float(step(noise_batch())["loss"]))
    assert losses[-1] < 0.85 * losses[0]


@pytest.mark.parametrize(
    ("goal", "computed"),
    [
        ({"uncertainty_weight": 0.5}, True),
        ({"uncertainty_weight": 0.0}, False),
        ({"uncertainty_weight": 0.5, "variance": "closed_form"}, False),
    ],
)
def test_the_dropout_branches_are_computed_only_where_they_are_paid_for(goal, computed):
    segmenter = small_segmenter(**goal)
    called = []
    for name in ("head", "dropout_branch1", "dropout_branch3"):
        layer = segmenter.net.get_layer(name)

        def spy(*inputs, name=name, call=layer.call, **options):
            called.append(name)
            return call(*inputs, **options)

        layer.call = spy
    segmenter.train_step(noise_batch())
    assert called.count("head") == (4 if computed else 1)
    assert called.count("dropout_branch1") == called.count("dropout_branch3") == computed


def test_mixed_float16_scales_the_loss():
    settings = {"augmentation": STILL, "optimizer": SGD, "width": 4, **PLAIN}
    exact, mixed = (
        small_segmenter(**settings),
        small_segmenter(precision="mixed_float16", **settings),
    )
    assert isinstance(mixed.optimizer, keras.optimizers.LossScaleOptimizer)
    mixed.net.set_weights(exact.net.get_weights())
    seen = {}
    for name, segmenter in (("exact", exact), ("mixed", mixed)):
        apply = segmenter.optimizer.apply

        def spy(gradients, variables=None, name=name, apply=apply):
            seen[name] = np.concatenate([g.numpy().ravel() for g in gradients])
            return apply(gradients, variables)

        segmenter.optimizer.apply = spy
        segmenter.train_step(noise_batch())
    scale = float(mixed.optimizer.initial_scale)
    assert scale > 1
    found = seen["mixed"] / scale
    assert np.linalg.norm(found - seen["exact"]) < 0.1 * np.linalg.norm(seen["exact"])
    for a, b in zip(weights(exact), weights(mixed), strict=True):
        np.testing.assert_allclose(a, b, atol=0.05)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_of_a_frozen_encoder_the_statistics_alone_move(precision):
    settings = OptimizerConfig(name="adamw", weight_decay=0.1, encoder_frozen=0.02)  # two steps
    segmenter = small_segmenter(optimizer=settings, precision=precision)
    encoder = {variable.path for variable in encoder_variables(segmenter.net)}

    def moved():
        before = {v.path: v.numpy() for v in segmenter.net.weights}
        segmenter.train_step(noise_batch())
        return {v.path for v in segmenter.net.weights if (v.numpy() != before[v.path]).any()}

    for frozen in (True, True, False):
        found = moved()
        assert bool(found & encoder) != frozen
        assert "head/kernel" in found
        assert "down0_norm1/moving_mean" in found


def test_mixed_bfloat16_trains_and_stays_finite():
    segmenter = small_segmenter(precision="mixed_bfloat16")
    assert not isinstance(segmenter.optimizer, keras.optimizers.LossScaleOptimizer)
    before = weights(segmenter)
    for number in range(3):
        assert np.isfinite(float(segmenter.train_step(noise_batch(number))["loss"]))
    assert all(np.isfinite(w).all() for w in weights(segmenter))
    assert any(not np.array_equal(a, b) for a, b in zip(before, weights(segmenter), strict=True))
    assert {v.dtype for v in segmenter.net.trainable_variables} == {"float32"}


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_averaged_weights_follow_the_recursion(precision):
    optimizer = OptimizerConfig(learning_rate=0.05, average_decay=0.3)
    segmenter = small_segmenter(precision=precision, optimizer=optimizer)
    for held, current in zip(segmenter.averaged.weights, segmenter.net.weights, strict=True):
        held.assign(current)
    expected = [v.numpy().astype(np.float64) for v in segmenter.net.trainable_variables]
    for t in range(1, 4):
        segmenter.train_step(noise_batch(t))
        segmenter.update_average()
        decay = min(0.3, (1 + t) / (10 + t))
        expected = [
            decay * average + (1 - decay) * v.numpy()
            for average, v in zip(expected, segmenter.net.trainable_variables, strict=True)
        ]
    net = segmenter.scoring_net()
    for value, wanted in zip(net.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(value, wanted, atol=1e-5)
    current = segmenter.net.trainable_variables[0]
    assert not np.allclose(net.trainable_variables[0], current, atol=1e-4)
    for value, wanted in zip(
        net.non_trainable_weights, segmenter.net.non_trainable_weights, strict=True
    ):
        np.testing.assert_array_equal(value, wanted)


def test_without_an_average_the_scoring_net_is_the_trained_one():
    segmenter = small_segmenter(precision="mixed_bfloat16")
    segmenter.train_step(noise_batch())
    net = segmenter.scoring_net()
    assert net.get_layer("bottom_conv1").compute_dtype == "float32"
    for value, wanted in zip(net.weights, segmenter.net.weights, strict=True):
        np.testing.assert_array_equal(value, wanted)


def test_calling_it_gives_the_direct_logits():
    segmenter = small_segmenter()
    image = noise_batch()["image"].astype(np.float32)
    np.testing.assert_array_equal(
        segmenter(image, training=False), segmenter.net(image, training=False)[0]
    )


@pytest.mark.slow
def test_two_replicas_make_the_update_of_one():
    # A process of its own: virtual devices must be made before TensorFlow starts.
    program = PROJECT / "tests" / "training" / "two_replicas.py"
    done = run_program([program], folder=PROJECT)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == 11, done.stdout
