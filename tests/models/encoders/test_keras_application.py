"""Encoders out of keras.applications against the networks themselves."""

import keras
import numpy as np
import pytest

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.models.build import build_direct_net, load_encoder_weights
from kerasseg.models.encoders.keras_application import APPLICATIONS
from tests.models.encoders.built import built_encoder

# Of the network without its top, as Keras publishes it; and what lies behind the deepest feature
# map: a 1x1 convolution without bias and its BatchNorm, or a LayerNorm.
PUBLISHED = {
    "efficientnet_v2_b0": (5_919_312, 192 * 1280 + 4 * 1280),
    "efficientnet_v2_b1": (6_931_124, 192 * 1280 + 4 * 1280),
    "efficientnet_v2_b2": (8_769_374, 208 * 1408 + 4 * 1408),
    "efficientnet_v2_b3": (12_930_622, 232 * 1536 + 4 * 1536),
    "efficientnet_v2_s": (20_331_360, 256 * 1280 + 4 * 1280),
    "mobilenet_v3_large": (2_996_352, 160 * 960 + 4 * 960),
    "resnet50": (23_587_712, 0),
    "resnet50_v2": (23_564_800, 0),
    "convnext_tiny": (27_820_128, 2 * 768),
    "convnext_small": (49_454_688, 2 * 768),
}
# How an image is normalised where Keras' network does not do it itself.
OUTSIDE = {
    "resnet50": keras.applications.resnet.preprocess_input,
    "resnet50_v2": keras.applications.resnet_v2.preprocess_input,
}


def test_every_row_has_a_published_count():
    assert PUBLISHED.keys() == APPLICATIONS.keys()


@pytest.mark.parametrize("name", APPLICATIONS)
def test_it_has_as_many_parameters_as_published(name):
    built = built_encoder(name)
    inside = keras.Model(built.net.input, built.features)
    whole, behind = PUBLISHED[name]
    assert inside.count_params() == whole - behind


@pytest.mark.parametrize(
    "name",
    ["efficientnet_v2_b0", "mobilenet_v3_large", *OUTSIDE, "convnext_tiny"],
)
def test_a_file_of_keras_gives_the_features_of_keras(name, tmp_path):
    row = APPLICATIONS[name]
    whole = row.build(weights=None, include_top=False, input_shape=(None, None, 3))
    rng = np.random.default_rng(0)
    for layer in whole.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = (rng.uniform(0.8, 1.2, w.shape) for w in layer.weights)
            layer.set_weights([gamma, beta - 1.0, mean - 1.0, variance])
        elif hasattr(layer, "gamma") and not isinstance(layer, keras.layers.LayerNormalization):
            layer.gamma.assign(rng.uniform(0.5, 1.0, layer.gamma.shape))  # or a stage does nothing
    file = tmp_path / "trained.weights.h5"
    whole.save_weights(file)
    built = built_encoder(name)
    built.encoder.load_weights(built.net, str(file))
    ends = [whole.get_layer(end) for end in row.ends.values()]
    outputs = [end.input if row.of_input else end.output for end in ends]
    if row.of_input:
        outputs.append(whole.layers[-1].input)
    image = rng.uniform(0, 255, (1, 64, 96, 3)).astype(np.float32)
    given = OUTSIDE[name](image.copy()) if name in OUTSIDE else image
    expected = keras.Model(whole.input, outputs)(given, training=False)
    found = keras.Model(built.net.input, built.features)(image, training=False)
    for ours, theirs in zip(found.values(), expected, strict=True):
        theirs = theirs.numpy()
        np.testing.assert_allclose(ours, theirs, atol=2e-5 * np.abs(theirs).max())


def test_without_a_network_it_says_where_to_put_the_file(monkeypatch, tmp_path):
    def unreachable(*_, **__):
        raise Exception("URL fetch failure on https://example.org/w.h5: None -- Name not known")

    monkeypatch.setattr("keras.src.applications.resnet.file_utils.get_file", unreachable)
    model = ModelConfig(encoder="resnet50", encoder_weights="imagenet")
    with pytest.raises(
        UserError, match=r"ResNet50 .*~/\.keras/models.*model\.encoder_weights="
    ) as e:
        load_encoder_weights(built_encoder("resnet50").net, model)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("content", [None, b"", b"weights"])
def test_a_file_that_is_none_is_named_in_one_line(tmp_path, content):
    file = tmp_path / "a.weights.h5"
    if content is not None:
        file.write_bytes(content)
    model = ModelConfig(encoder="mobilenet_v3_large", encoder_weights=str(file))
    with pytest.raises(
        UserError, match=r"a\.weights\.h5: not weights .*MobileNetV3Large"
    ) as caught:
        load_encoder_weights(built_encoder("mobilenet_v3_large").net, model)
    assert "\n" not in str(caught.value)


def test_weights_of_another_network_are_refused(tmp_path):
    build = keras.applications.EfficientNetV2B0
    file = tmp_path / "b0.weights.h5"
    build(weights=None, include_top=False, input_shape=(None, None, 3)).save_weights(file)
    model = ModelConfig(encoder="mobilenet_v3_large", encoder_weights=str(file))
    net = build_direct_net(model, outputs=3, seed=0, precision="float32")
    before = net.get_weights()
    with pytest.raises(UserError, match="not weights of MobileNetV3Large"):
        load_encoder_weights(net, model)
    for one, other in zip(before, net.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
