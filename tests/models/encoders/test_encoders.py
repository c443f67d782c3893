"""What every encoder promises, row by row of the table."""

import random
from typing import ClassVar, get_args

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.export.fold import fold_batch_norm
from kerasseg.export.formats.onnx_graph import OPSET, eager_collection
from kerasseg.models.auxiliary_head import with_auxiliary
from kerasseg.models.build import (
    build_direct_net,
    build_net,
    encoder_variables,
    net_geometry,
    unet,
)
from kerasseg.models.decoder import encoder_maps
from kerasseg.models.encoders import ENCODERS
from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from tests.models.encoders.built import OUTPUTS, Built, built_encoder, settings

# One of each architecture. The others are the same code and the same kinds of layers with other
# numbers, and go through the tests of `built` alone.
ARCHITECTURES = (
    "unet",
    "efficientnet_lite0",
    "efficientnet_v2_b0",
    "mobilenet_v3_large",
    "resnet50",
    "resnet50_v2",
    "convnext_tiny",
)


@pytest.fixture(scope="module", params=ENCODERS)
def built(request) -> Built:
    """Every row, with its net."""
    return built_encoder(request.param)


def test_the_setting_has_exactly_the_rows_of_the_table():
    assert get_args(ModelConfig.model_fields["encoder"].annotation) == tuple(ENCODERS)


def test_the_feature_maps_have_the_strides_and_channels_that_are_announced(built):
    encoder, features = built.encoder, built.features
    assert tuple(features) == encoder.strides == tuple(sorted(encoder.strides))
    assert set(encoder.strides) <= {1, 2, 4, 8, 16, 32}
    assert encoder.stride == max(encoder.strides)
    maps = keras.Model(built.net.input, features)
    side = 2 * encoder.stride
    computed = maps(np.zeros((1, side, 2 * side, 3), np.float32), training=False)
    for stride, channels in zip(encoder.strides, encoder.channels, strict=True):
        assert computed[stride].shape == (1, side // stride, 2 * side // stride, channels)


def test_the_batch_norm_layers_are_named(built):
    inside = keras.Model(built.net.input, built.features)
    norms = [n.name for n in inside.layers if isinstance(n, keras.layers.BatchNormalization)]
    assert sorted(built.encoder.batch_norms) == sorted(norms)
    # Keras' own is eight ops, and knows no replicas.
    assert all(isinstance(inside.get_layer(n), FusedBatchNormalization) for n in norms)


def test_its_variables_are_those_before_its_feature_maps(built):
    inside = keras.Model(built.net.input, built.features)
    found = [variable.path for variable in encoder_variables(built.net)]
    assert sorted(found) == sorted(variable.path for variable in inside.trainable_variables)
    rest = {variable.path for variable in built.net.trainable_variables} - set(found)
    levels = built.encoder.stride.bit_length() - 1
    parts = {"head", *(f"up{level}" for level in range(levels))}
    assert {path.split("/")[0].split("_")[0] for path in rest} == parts


def test_a_head_on_a_map_of_the_encoder_is_not_of_the_encoder():
    built = built_encoder("unet")
    other = keras.layers.Conv2D(1, 1, name="other_head")(built.features[1])
    net = keras.Model(built.net.input, [*built.net.outputs, other])
    expected = {id(variable) for variable in encoder_variables(built.net)}
    assert {id(variable) for variable in encoder_variables(net)} == expected


def test_nothing_is_drawn_but_in_the_branches(built):
    # Stochastic depth would be one more generator to keep in the state.
    dropouts = [n for n in built.net.layers if isinstance(n, keras.layers.Dropout)]
    assert [n.name for n in dropouts] == [f"dropout_branch{k}" for k in (1, 2, 3)]


@pytest.mark.parametrize("name", [n for n in ARCHITECTURES if n != "unet"])
def test_the_deepest_feature_sees_as_far_as_is_announced(name):
    encoder, deepest = built_encoder(name).deepest()
    if encoder.reach is None:
        pytest.skip(f"{name} sees the whole image")
    for layer in deepest.layers:  # nothing may hide what a change in the image does
        if isinstance(layer, keras.layers.ReLU):
            layer.negative_slope, layer.max_value = 0.9, None
        elif isinstance(layer, keras.layers.Activation):
            layer.activation = tf.identity
        elif layer.__class__.__name__ == "LayerScale":  # begins at 1e-6
            layer.gamma.assign(tf.ones_like(layer.gamma))
    stride = encoder.stride
    cell = encoder.reach // stride + 2
    # One row is enough of a square window: the image is narrow.
    shape = (1, (2 * cell + 1) * stride, stride, 3)
    image = tf.constant(np.random.default_rng(0).normal(0, 50, shape).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = tf.reduce_sum(deepest(image, training=False)[0, cell, 0])
    slopes = np.abs(tape.gradient(value, image).numpy()).sum(axis=(0, 2, 3))
    rows = np.flatnonzero(slopes)
    assert max(cell * stride - rows[0], rows[-1] - (cell + 1) * stride + 1) == encoder.reach


def test_the_net_has_its_geometry(built):
    stride, reach = net_geometry(built.model)
    assert stride == max(built.encoder.strides)
    assert (reach is None) == (built.encoder.reach is None)
    assert reach is None or reach > stride
    assert built.net.get_layer("pad_to_multiple").multiple == stride


@pytest.mark.parametrize("stride", [8, 16])
def test_an_auxiliary_head_reads_the_feature_map_of_its_stride(built, stride):
    maps = encoder_maps(built.net)
    assert {s: id(feature) for s, feature in maps.items()} == {
        s: id(feature) for s, feature in built.features.items()
    }
    model = built.model.model_copy(update={"auxiliary_stride": stride})
    if stride not in built.encoder.strides:
        with pytest.raises(UserError, match=f"auxiliary_stride: found {stride}, allowed with this"):
            with_auxiliary(built.net, model, seed=0)
        return
    net = with_auxiliary(built.net, model, seed=0)
    channels = dict(zip(built.encoder.strides, built.encoder.channels, strict=True))[stride]
    kernel = net.get_layer("auxiliary_conv").kernel
    assert kernel.shape == (3, 3, channels, max(channels // 4, OUTPUTS))
    assert net.outputs[-1].shape == (None, None, None, OUTPUTS)
    assert net.outputs[:-1] == built.net.outputs


class _Strided:
    """Strides 4 and 8 alone: convolutions whose windows do not overlap."""

    strides, channels, stride = (4, 8), (6, 10), 8
    reach, batch_norms, weights = 0, (), ()
    decoder_channels: ClassVar = {4: 6, 2: 5, 1: 3}

    def __init__(self, model, block):
        self._seeds = block.seeds

    def preprocess(self, image):
        return keras.layers.Rescaling(1 / 255)(image)

    def features(self, x):
        features = {}
        for stride, channels, step in zip(self.strides, self.channels, (4, 2), strict=True):
            kernel = keras.initializers.HeNormal(seed=next(self._seeds))
            x = keras.layers.Conv2D(channels, step, strides=step, kernel_initializer=kernel)(x)
            features[stride] = x
        return features


def test_the_decoder_passes_strides_that_the_encoder_does_not_have(monkeypatch):
    monkeypatch.setattr("kerasseg.models.build.ENCODERS", {"unet": _Strided})
    net = build_net(ModelConfig(), outputs=OUTPUTS, seed=0, precision="float32")
    widths = [net.get_layer(f"up{level}_conv2").filters for level in (2, 1, 0)]
    assert widths == [6, 5, 3]
    joins = {layer.name for layer in net.layers if isinstance(layer, keras.layers.Concatenate)}
    assert joins == {"up2_join"}
    logits = net(np.zeros((1, 19, 30, 3), np.float32))
    assert all(branch.shape == (1, 19, 30, OUTPUTS) for branch in logits)


@pytest.mark.parametrize("found", [(8, 4), (8, 4, 2, 1, 1)])
def test_decoder_channels_that_do_not_fit_are_refused(found):
    model = ModelConfig(width=2, depth=3, decoder_channels=found)
    with pytest.raises(UserError, match=rf"decoder_channels: found {len(found)} .* 4, 2, 1"):
        build_direct_net(model, outputs=OUTPUTS, seed=0, precision="float32")


def test_decoder_channels_are_a_setting():
    model = ModelConfig(width=2, depth=2, decoder_channels=(7, 5))
    net = build_direct_net(model, outputs=OUTPUTS, seed=0, precision="float32")
    assert [net.get_layer(f"up{level}_conv2").filters for level in (1, 0)] == [7, 5]


@pytest.mark.parametrize("name", ["unet", "efficientnet_lite0", "mobilenet_v3_large"])
def test_building_leaves_the_global_generators_alone(name):
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002  (the global one is what is meant)
    keras.utils.set_random_seed(5)
    expected = (random.random(), np.random.rand(), float(tf.random.uniform([])))  # noqa: NPY002
    keras.utils.set_random_seed(5)
    build_net(settings(name), outputs=OUTPUTS, seed=1, precision="float32")
    assert (random.random(), np.random.rand(), float(tf.random.uniform([]))) == expected  # noqa: NPY002


@pytest.mark.parametrize("name", ["unet", "efficientnet_lite0", "mobilenet_v3_large"])
def test_the_weights_follow_from_the_seed_alone(name):
    model = settings(name)
    net, again, other = (
        build_direct_net(model, outputs=OUTPUTS, seed=seed, precision="float32").get_weights()
        for seed in (0, 0, 1)
    )
    for one, same in zip(net, again, strict=True):
        np.testing.assert_array_equal(one, same)
    drawn = [(a, b) for a, b in zip(net, other, strict=True) if a.ndim == 4]
    assert drawn
    assert all(not np.array_equal(a, b) for a, b in drawn)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_is_saved_and_loaded(name, tmp_path):
    net = built_encoder(name).net
    image = np.random.default_rng(0).uniform(0, 255, (1, 13, 22, 3)).astype(np.float32)
    net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras")
    for one, other in zip(net(image), again(image), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 17)])
def test_any_size_gives_logits_of_that_size(built, size):
    image = np.random.default_rng(0).uniform(0, 255, (2, *size, 3)).astype(np.float32)
    logits = built.net(image, training=False)
    assert len(logits) == 4
    assert all(branch.shape == (2, *size, OUTPUTS) for branch in logits)
    assert all(np.isfinite(branch.numpy()).all() for branch in logits)


@pytest.mark.parametrize("name", [n for n in ARCHITECTURES if n != "unet"])
def test_it_is_folded_and_converted_to_onnx(name):
    built = built_encoder(name)
    net = keras.Model(built.net.input, built.net.outputs[0])
    rng = np.random.default_rng(0)
    for name in built.encoder.batch_norms:
        gamma, beta, mean, variance = (rng.uniform(0.8, 1.2, w.shape) for w in
                                       net.get_layer(name).weights)  # fmt: skip
        net.get_layer(name).set_weights([gamma, beta - 1.0, mean - 1.0, variance])
    folded = fold_batch_norm(net, copies=False)
    signature = [tf.TensorSpec([None, None, None, 3], tf.float32, name="image")]
    function = tf.function(folded.call, input_signature=signature, autograph=False)
    with eager_collection():  # or the copies of a large net fill the memory
        model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=OPSET)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for size in ((1, 1), (45, 70)):
        image = rng.uniform(0, 255, (1, *size, 3)).astype(np.float32)
        expected = net(image, training=False).numpy()
        (found,) = session.run(None, {"image": image})
        np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["unet", "efficientnet_lite0", "mobilenet_v3_large"])
def test_frozen_batch_norm_keeps_statistics_scale_and_offset(name):
    model = settings(name).model_copy(update={"encoder_batch_norm": "frozen"})
    before_building = random.getstate()
    net = build_direct_net(model, outputs=OUTPUTS, seed=0, precision="float32")
    assert random.getstate() == before_building
    norms = [net.get_layer(n) for n in built_encoder(name).encoder.batch_norms]
    assert norms
    before = [weight.numpy() for layer in norms for weight in layer.weights]
    trained = {id(weight) for weight in net.trainable_weights}
    assert not any(id(weight) in trained for layer in norms for weight in layer.weights)
    image = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    net(image, training=True)
    after = [weight.numpy() for layer in norms for weight in layer.weights]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    moved = net.get_layer("up0_norm1").moving_mean.numpy()  # the decoder's go on
    assert np.abs(moved).max() > 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"encoder": "resnet50", "width": 32}, "model.width: found 32"),
        ({"encoder": "resnet50", "depth": 3}, "model.depth: found 3"),
        ({"encoder_weights": "imagenet"}, "model.encoder_weights: found"),
    ],
)
def test_python_refuses_what_the_commands_refuse(given, words):
    with pytest.raises(ValueError, match=words):
        unet(classes=2, **given)
