"""The net: size, shape of the graph, any image size, precisions, and the way through a file."""

import functools
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kerasseg.config import ModelConfig
from kerasseg.models.build import build_net
from kerasseg.models.heads import FEATURES

SMALL = {"width": 2, "depth": 1}
PADDINGS = ("zero", "reflect")
UPSAMPLINGS = ("transposed", "pixel_shuffle", "resize")


def small_net(*, precision="float32", outputs=3, seed=0, **changes):
    model = ModelConfig(**{**SMALL, **changes})
    return build_net(model, outputs=outputs, seed=seed, precision=precision)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.float32)


def count(variables):
    return sum(int(np.prod(v.shape)) for v in variables)


@pytest.mark.parametrize(
    ("upsampling", "trainable"), [("transposed", 31_044_756), ("pixel_shuffle", 31_047_636)]
)
def test_the_faithful_net_has_the_parameters_of_the_reference(upsampling, trainable):
    model = ModelConfig(width=64, depth=4, padding="reflect", upsampling=upsampling, branches=3)
    net = build_net(model, outputs=20, seed=0, precision="float32")
    assert count(net.trainable_variables) == trainable
    # The moving statistics; the seeds of the Dropout branches are not counted.
    statistics = [v for v in net.non_trainable_variables if "moving" in v.path]
    assert count(statistics) == 11_776


def test_the_summary_shows_three_dropout_branches_and_one_head():
    lines = []
    small_net().summary(print_fn=lambda line, **_: lines.append(line), line_length=120)
    text = "\n".join(lines)
    assert text.count("(SharedDropout)") == 3
    assert text.count("head (Conv2D)") == 1


def test_the_branches_are_parallel_and_share_the_head_with_the_direct_path():
    net = small_net()
    assert len(net.outputs) == 4
    assert [layer.name for layer in net.layers].count("head") == 1
    features = net.get_layer(FEATURES).output
    for k in (1, 2, 3):
        assert net.get_layer(f"dropout_branch{k}").input is features
    head = net.get_layer("head")
    assert len(head._inbound_nodes) == 4


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz' dot is not installed")
def test_it_can_be_plotted(tmp_path):
    keras.utils.plot_model(small_net(), tmp_path / "net.png", show_shapes=True)
    assert (tmp_path / "net.png").stat().st_size > 1000


@functools.cache
def compiled(padding, upsampling):
    """A net traced once for all sizes; three sizes of four need padding."""
    net = small_net(padding=padding, upsampling=upsampling, depth=2, width=1)
    return tf.function(
        lambda image: net(image, training=False),
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)],
    )


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
@pytest.mark.parametrize("padding", PADDINGS)
@settings(max_examples=12)
@given(height=st.integers(1, 70), width=st.integers(1, 70))
@example(height=1, width=1)
@example(height=1, width=70)
def test_any_size_gives_logits_of_that_size(padding, upsampling, height, width):
    for logits in compiled(padding, upsampling)(noise(1, height, width, 3)):
        assert logits.shape == (1, height, width, 3)
        assert np.isfinite(logits.numpy()).all()


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_known_size_and_an_unknown_one_give_the_same_logits(padding):
    image = noise(1, 13, 22, 3)
    net = small_net(padding=padding, depth=2, width=1)
    known = net(image, training=False)[0]
    np.testing.assert_allclose(compiled(padding, "transposed")(image)[0], known, atol=1e-5)


@pytest.mark.parametrize(
    ("precision", "upsampling"),
    [
        ("mixed_bfloat16", "resize"),
        ("mixed_bfloat16", "pixel_shuffle"),
        ("mixed_float16", "transposed"),
    ],
)
def test_logits_are_float32_in_mixed_precision_and_near_those_of_float32(precision, upsampling):
    image = noise(1, 16, 24, 3)
    exact = small_net(width=4, upsampling=upsampling)
    mixed = small_net(width=4, upsampling=upsampling, precision=precision)
    mixed.set_weights(exact.get_weights())
    assert mixed.get_layer("bottom_conv1").compute_dtype == precision.removeprefix("mixed_")
    outputs = mixed(image, training=True)
    assert {output.dtype for output in outputs} == {tf.float32}
    wanted = exact(image, training=True)[0].numpy()
    distance = np.abs(outputs[0].numpy() - wanted).mean()
    assert 0 < distance < 0.1 * np.abs(wanted).mean() + 0.05


@pytest.mark.parametrize(
    ("padding", "upsampling"),
    [("zero", "transposed"), ("reflect", "pixel_shuffle"), ("reflect", "resize")],
)
def test_a_saved_net_answers_the_same(padding, upsampling, tmp_path):
    net = small_net(padding=padding, upsampling=upsampling)
    image = noise(1, 11, 6, 3)
    net(image, training=True)  # moves the statistics away from 0 and 1
    net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras")
    for before, after in zip(net(image, training=False), again(image, training=False), strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_seed_makes_the_weights():
    one, same, other = (small_net(seed=seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_an_image_of_bytes_is_brought_to_minus_one_to_one():
    net = small_net()
    normalize = keras.Model(net.input, net.get_layer("normalize").output)
    values = np.array([0, 127.5, 255], np.float32).reshape(1, 1, 1, 3)
    np.testing.assert_allclose(normalize(values).numpy().ravel(), [-1, 0, 1], atol=1e-6)


def test_batch_norm_is_set_by_the_settings():
    net = small_net(batch_norm_momentum=0.7, batch_norm_epsilon=0.01)
    norms = [layer for layer in net.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 2 * (2 * SMALL["depth"] + 1)
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.7, 0.01)}
