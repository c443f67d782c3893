"""The auxiliary head in training: it trains the encoder, is kept in the state and nowhere else."""

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.config import OptimizerConfig
from kerasseg.models.auxiliary_head import has_auxiliary
from kerasseg.models.paired_weights import copy_weights
from kerasseg.training.segmenter import Segmenter
from kerasseg.training.state import restore, snapshot
from kerasseg.training.step import compile_step
from tests.training.small_segmenter import OUTPUTS, noise_batch, small_objective, small_segmenter

ON = {"auxiliary": 0.4}


def is_of_head(path):
    return path.startswith("auxiliary_")


def advance(segmenter, number):
    """One step with the averaging behind it."""
    segmenter.train_step(noise_batch(number))
    segmenter.update_average()


def gradients_of(segmenter, name):
    """{path: gradient, or None} of one term."""
    batch, net = noise_batch(), segmenter.net
    with tf.GradientTape() as tape:
        outputs = segmenter.forward(tf.cast(batch["image"], tf.float32), training=True)
        value = segmenter.objective(tf.constant(batch["label"]), outputs)[name]
    variables = net.trainable_variables
    return dict(zip([v.path for v in variables], tape.gradient(value, variables), strict=True))


def test_its_gradient_reaches_the_encoder_and_not_the_decoder():
    segmenter = small_segmenter(**ON)
    gradients = gradients_of(segmenter, "auxiliary")
    for path, gradient in gradients.items():
        of_decoder = path.startswith(("up", "head/"))
        assert (gradient is None) == of_decoder, path
        if path.endswith("kernel") and not of_decoder:
            assert np.abs(gradient).max() > 0, path
    assert any(is_of_head(path) for path in gradients)
    others = gradients_of(segmenter, "cross_entropy")
    assert [path for path, gradient in others.items() if gradient is None] == [
        path for path in others if is_of_head(path)
    ]


def test_the_loss_is_the_weighted_sum():
    segmenter = small_segmenter(**ON)
    means = {name: float(value) for name, value in segmenter.train_step(noise_batch()).items()}
    assert means["loss"] == pytest.approx(
        means["cross_entropy"] + 0.5 * means["variance"] + 0.4 * means["auxiliary"]
    )
    assert means["auxiliary"] > 0


def test_the_first_step_sees_the_net_it_would_see_without():
    # The same weights and the same Dropout: only the update is another.
    on, off = small_segmenter(**ON), small_segmenter(depth=3)
    first, expected = (segmenter.train_step(noise_batch()) for segmenter in (on, off))
    for name in off.objective.names:
        assert float(first[name]) == float(expected[name])


def test_what_is_scored_and_saved_has_no_such_head(tmp_path):
    on, off = small_segmenter(**ON), small_segmenter(depth=3)
    on.train_step(noise_batch())
    scored, expected = on.scoring_net(), off.scoring_net()
    assert has_auxiliary(on.net)
    assert scored.count_params() == expected.count_params() < on.net.count_params()
    files = []
    for name, net in (("on", scored), ("off", expected)):
        net.save(tmp_path / f"{name}.keras")
        with zipfile.ZipFile(tmp_path / f"{name}.keras") as archive:
            files.append(archive.read("config.json"))
    assert files[0] == files[1]
    loaded = keras.saving.load_model(tmp_path / "on.keras")
    assert [w.path for w in loaded.weights] == [w.path for w in expected.weights]
    trained = {w.path: w.numpy() for w in on.net.weights}
    for weight in scored.weights:
        np.testing.assert_array_equal(weight, trained[weight.path])


def test_averages_follow_the_weights_of_their_own_layers():
    optimizer = OptimizerConfig(learning_rate=0.05, average_decay=0.3)
    segmenter = small_segmenter(optimizer=optimizer, **ON)
    copy_weights(segmenter.net, segmenter.averaged)
    averages = {w.path: w.numpy() for w in segmenter.averaged.trainable_variables}
    for t in (1, 2):
        segmenter.train_step(noise_batch(t))
        segmenter.update_average()
        decay = min(0.3, (1 + t) / (10 + t))
        current = {w.path: w.numpy() for w in segmenter.net.weights}
        averages = {
            path: decay * value + (1 - decay) * current[path] for path, value in averages.items()
        }
    net = segmenter.scoring_net()
    for weight in net.weights:
        expected = averages.get(weight.path, current[weight.path])
        np.testing.assert_allclose(weight, expected, atol=1e-5, err_msg=weight.path)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_saved_state_is_continued_to_the_last_bit(precision):
    settings = {"optimizer": OptimizerConfig(average_decay=0.9), "precision": precision, **ON}
    segmenter, resumed = (small_segmenter(**settings) for _ in range(2))
    advance(segmenter, 0)
    saved = snapshot(segmenter)
    advance(segmenter, 1)
    expected = snapshot(segmenter)
    advance(resumed, 5)
    restore(resumed, saved)
    advance(resumed, 1)
    for name, values in snapshot(resumed).items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)
    paths = [v.path for v in resumed.net.variables]
    (place, *_) = (i for i, path in enumerate(paths) if is_of_head(path))
    assert not np.array_equal(saved[f"net/{place}"], expected[f"net/{place}"])


def test_the_states_with_and_without_it_are_not_each_others():
    on, off = small_segmenter(**ON), small_segmenter(depth=3)
    for segmenter, other in ((on, off), (off, on)):
        with pytest.raises(ValueError, match="another model"):
            restore(segmenter, snapshot(other))


@pytest.mark.parametrize(
    "precision", ["float32", pytest.param("mixed_float16", marks=pytest.mark.slow)]
)
def test_xla_compiles_it(precision):
    optimizer = OptimizerConfig(name="sgd", learning_rate=0.01)
    plain, compiled = (
        small_segmenter(precision=precision, optimizer=optimizer, **ON) for _ in range(2)
    )
    expected = compile_step(plain, jit=False)(noise_batch())
    found = compile_step(compiled, jit=True)(noise_batch())
    near = 1e-5 if precision == "float32" else 0.05
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(float(value), rel=near)
    if precision == "float32":
        for one, other in zip(plain.net.get_weights(), compiled.net.get_weights(), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_an_objective_without_the_term_leaves_the_head_out():
    held = small_segmenter(**ON).net
    segmenter = Segmenter(held, objective=small_objective(outputs=OUTPUTS))
    assert not has_auxiliary(segmenter.net)
    again = Segmenter(held, objective=small_objective(outputs=OUTPUTS, **ON))
    assert again.net is held
