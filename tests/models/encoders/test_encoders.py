"""What every encoder promises, row by row of the table."""

from typing import get_args

import keras
import numpy as np
import pytest

from kerasseg.config import ModelConfig
from kerasseg.models.build import build_net, net_geometry
from kerasseg.models.encoders import ENCODERS

OUTPUTS = 3


def settings(encoder: str) -> ModelConfig:
    small = {"width": 2, "depth": 2} if encoder == "unet" else {}
    return ModelConfig(encoder=encoder, **small)


@pytest.fixture(scope="module", params=ENCODERS)
def model(request):
    return settings(request.param)


@pytest.fixture(scope="module")
def net(model):
    return build_net(model, outputs=OUTPUTS, seed=0, precision="float32")


def encoder_of(model, monkeypatch):
    """The encoder that `build_net` makes, and the feature maps it gives."""
    made = {}

    def remember(*arguments):
        encoder = ENCODERS[model.encoder](*arguments)
        features = encoder.features

        def spy(x):
            made["features"] = features(x)
            return made["features"]

        encoder.features = spy
        made["encoder"] = encoder
        return encoder

    monkeypatch.setattr("kerasseg.models.build.ENCODERS", {model.encoder: remember})
    made["net"] = build_net(model, outputs=OUTPUTS, seed=0, precision="float32")
    return made


def test_the_setting_has_exactly_the_rows_of_the_table():
    assert get_args(ModelConfig.model_fields["encoder"].annotation) == tuple(ENCODERS)


def test_the_feature_maps_have_the_strides_and_channels_that_are_announced(model, monkeypatch):
    made = encoder_of(model, monkeypatch)
    encoder, features = made["encoder"], made["features"]
    assert tuple(features) == encoder.strides == tuple(sorted(encoder.strides))
    assert set(encoder.strides) <= {1, 2, 4, 8, 16, 32}
    assert encoder.stride == max(encoder.strides)
    maps = keras.Model(made["net"].input, features)
    side = 2 * encoder.stride
    computed = maps(np.zeros((1, side, 2 * side, 3), np.float32), training=False)
    for stride, channels in zip(encoder.strides, encoder.channels, strict=True):
        assert computed[stride].shape == (1, side // stride, 2 * side // stride, channels)


def test_the_batch_norm_layers_are_named(model, monkeypatch):
    made = encoder_of(model, monkeypatch)
    inside = keras.Model(made["net"].input, made["features"])
    norms = [n.name for n in inside.layers if isinstance(n, keras.layers.BatchNormalization)]
    assert sorted(made["encoder"].batch_norms) == sorted(norms)


def test_the_deepest_feature_sees_as_far_as_is_announced(model, monkeypatch):
    made = encoder_of(model, monkeypatch)
    encoder = made["encoder"]
    if encoder.reach is None:
        pytest.skip(f"{model.encoder} sees the whole image")
    stride = encoder.stride
    deepest = keras.Model(made["net"].input, made["features"][stride])
    for layer in deepest.layers:  # a ReLU must not hide what a change in the image does
        if isinstance(layer, keras.layers.ReLU):
            layer.negative_slope = 0.9
    cell = encoder.reach // stride + 2
    side = (2 * cell + 1) * stride
    rng = np.random.default_rng(0)
    image = rng.uniform(0, 255, (1, side, side, 3)).astype(np.float32)
    before = deepest(image, training=False).numpy()[0, cell, cell]
    middle, furthest = cell * stride + stride // 2, 0
    for row in range(side):
        changed = image.copy()
        changed[0, row, middle] = 255 - changed[0, row, middle]
        after = deepest(changed, training=False).numpy()[0, cell, cell]
        if not np.array_equal(after, before):
            furthest = max(furthest, cell * stride - row, row - (cell + 1) * stride + 1)
    assert furthest <= encoder.reach
    assert furthest >= encoder.reach - stride // 2  # max-pooling may hide the outermost pixels


def test_the_net_has_its_geometry(model, net):
    stride, reach = net_geometry(model)
    assert stride == max(ENCODERS[model.encoder](model, _NoBlock()).strides)
    assert reach is None or reach > stride
    pad = net.get_layer("pad_to_multiple")
    assert pad.multiple == stride


class _Strided:
    """Strides 4 and 8 alone: convolutions whose windows do not overlap."""

    strides, channels, stride = (4, 8), (6, 10), 8
    reach, batch_norms, weights = 0, (), None

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
    net = build_net(ModelConfig(width=3), outputs=OUTPUTS, seed=0, precision="float32")
    widths = [net.get_layer(f"up{level}_conv2").filters for level in (2, 1, 0)]
    assert widths == [6, 3 * 2, 3]
    joins = {layer.name for layer in net.layers if isinstance(layer, keras.layers.Concatenate)}
    assert joins == {"up2_join"}
    logits = net(np.zeros((1, 19, 30, 3), np.float32))
    assert all(branch.shape == (1, 19, 30, OUTPUTS) for branch in logits)


class _NoBlock:
    """For an encoder of which only the numbers are asked."""

    dtype = "float32"

    @staticmethod
    def norm_names(name):
        return ()


def test_building_leaves_the_global_generators_alone(model):
    import random

    import tensorflow as tf

    random.seed(5)
    np.random.seed(5)  # noqa: NPY002  (the global one is what is meant)
    keras.utils.set_random_seed(5)
    expected = (random.random(), np.random.rand(), float(tf.random.uniform([])))  # noqa: NPY002
    keras.utils.set_random_seed(5)
    build_net(model, outputs=OUTPUTS, seed=1, precision="float32")
    assert (random.random(), np.random.rand(), float(tf.random.uniform([]))) == expected  # noqa: NPY002


def test_the_weights_follow_from_the_seed_alone(model, net):
    keras.utils.set_random_seed(77)
    again = build_net(model, outputs=OUTPUTS, seed=0, precision="float32")
    for one, other in zip(net.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    other = build_net(model, outputs=OUTPUTS, seed=1, precision="float32")
    kernels = [w for w in net.get_weights() if w.ndim == 4]
    others = [w for w in other.get_weights() if w.ndim == 4]
    assert all(not np.array_equal(a, b) for a, b in zip(kernels, others, strict=True))


def test_it_is_saved_and_loaded(model, net, tmp_path):
    image = np.random.default_rng(0).uniform(0, 255, (1, 13, 22, 3)).astype(np.float32)
    net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras")
    for one, other in zip(net(image), again(image), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 17)])
def test_any_size_gives_logits_of_that_size(net, size):
    image = np.random.default_rng(0).uniform(0, 255, (2, *size, 3)).astype(np.float32)
    logits = net(image, training=False)
    assert len(logits) == 4
    assert all(branch.shape == (2, *size, OUTPUTS) for branch in logits)
    assert all(np.isfinite(branch.numpy()).all() for branch in logits)
