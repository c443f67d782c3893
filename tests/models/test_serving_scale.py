"""Images of mixed sizes and orientations: seen in serving as they were in training."""

from functools import cache

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx
from PIL import Image

from kerasseg.config import ModelConfig
from kerasseg.data.catalog import Catalog
from kerasseg.data.curriculum import Epoch, Plan
from kerasseg.data.facts import Facts
from kerasseg.data.pipeline import TrainingInput, resize_pair
from kerasseg.data.pixels import Decoder
from kerasseg.data.resize import resize_image
from kerasseg.data.samples import Sample
from kerasseg.data.working_scale import WorkingScale
from kerasseg.export.formats.onnx_graph import convert
from kerasseg.labels import OUTSIDE, camvid_labels
from kerasseg.models.build import build_net
from kerasseg.models.serving_graph import ServingGraph

WORKING = (32, 64)
# Smaller and larger than the working size, the largest averaged by blocks of 3 x 3.
SIZES = ((48, 96), (96, 48), (16, 32), (192, 384), (384, 192), (64, 64), (50, 70))
MIXED = WorkingScale(WORKING)
ODD = ((1, 1), (1, 40), (40, 1), (2, 3), (97, 131), (131, 97), (7, 300))


@cache
def graph(scale=MIXED):
    config = ModelConfig(width=3, depth=2)
    net = build_net(config, outputs=12, seed=1, precision="float32")
    head = net.get_layer("head")
    head.kernel.assign(head.kernel * 8.0)  # untrained logits are nearly equal
    return ServingGraph(net, scale=scale, background_id=11, dropout_rate=0.3)


def picture(height, width, seed=0):
    """uint8 (height, width, 3): blotches of colour."""
    rng = np.random.default_rng([seed, height, width])
    coarse = rng.integers(0, 256, (height // 6 + 1, width // 6 + 1, 3))
    fine = np.kron(coarse, np.ones((6, 6, 1), np.int64))[:height, :width]
    return np.clip(fine + rng.integers(-20, 20, fine.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """One image of each size, whose label says nothing but class 3."""
    folder = tmp_path_factory.mktemp("mixed")
    samples = []
    for i, size in enumerate(SIZES):
        sample = Sample(f"s{i}", folder / f"s{i}.png", folder / f"s{i}_label.png")
        Image.fromarray(picture(*size)).save(sample.image)
        Image.fromarray(np.full(size, 3, np.uint8)).save(sample.label)
        samples.append(sample)
    return Catalog(
        label_set=camvid_labels(void="background"),
        splits={"train": tuple(samples)},
        native_size=(48, 96),
        same_size={"train": False},
        one_size=False,
        label_encoding="ids",
        color_table=None,
        class_pixels={},
        class_images={},
        class_image_pixels={},
        facts={"train": tuple(Facts(*size, "ids", ()) for size in SIZES)},
    )


@pytest.fixture(scope="module")
def decoder(catalog, tmp_path_factory):
    return Decoder(catalog, "train", cache="none", cache_dir=tmp_path_factory.mktemp("cache"))


def trained(decoder, *, crop_scale=1.0, steps=1):
    plan = Plan((Epoch(stage=0, crop_scale=crop_scale, first_step=0, steps=steps),))
    training = TrainingInput(
        decoder=decoder,
        samples=len(SIZES),
        plan=plan,
        scale=MIXED,
        batch_size=len(SIZES),
        seed=2,
        workers=1,
    )
    return [{k: v.numpy() for k, v in batch.items()} for batch in training.from_step(0)]


def test_a_whole_crop_is_what_serving_sees(decoder):
    (batch,) = trained(decoder)
    images = dict(zip(batch["index"], batch["image"], strict=True))
    labels = dict(zip(batch["index"], batch["label"], strict=True))
    for index in (0, 2, 3):  # twice as wide as high, as the working size
        served = graph().preprocess(picture(*SIZES[index])[None])[0]
        np.testing.assert_array_equal(images[index], served)
        assert (labels[index] == 3).all()


@pytest.mark.parametrize(("index", "pixels"), [(1, 3), (4, 12)])
def test_a_portrait_is_trained_at_the_scale_at_which_it_is_served(decoder, index, pixels):
    """pixels: of the image, as many as whole ones of the net meet."""
    height, width = SIZES[index]
    served = graph().preprocess(picture(height, width)[None])[0].numpy()
    assert served.shape == (64, 32, 3)
    frame = [round(side) for side in MIXED.frame(float(height), float(width))]
    assert frame == [width, height]
    top, left = 4 * pixels, -6 * pixels
    image, label, size = decoder.crop(tf.constant(index), lambda size: [top, left, *frame])
    blocks = tf.constant(MIXED.blocks(*size.numpy().tolist()))
    seen, marked = (v.numpy() for v in resize_pair(image, label, WORKING, blocks=blocks))
    start, before = 4 * pixels * 64 // height, 6 * pixels * 64 // height
    inner = slice(before, before + 32)
    assert (marked[:, inner] == 3).all()
    assert (np.delete(marked, np.arange(64)[inner], axis=1) == OUTSIDE).all()
    # The pixels at an edge of the crop are a mixture with what is beyond it.
    part = seen[1:-1, before + 1 : before + 31]
    np.testing.assert_array_equal(part, served[start + 1 : start + 31, 1:-1])


@pytest.mark.parametrize("crop_scale", [0.6, 1.0])
def test_a_crop_covers_as_many_pixels_of_every_image_as_its_scale_says(decoder, crop_scale):
    found = {index: [] for index in range(len(SIZES))}
    for batch in trained(decoder, crop_scale=crop_scale, steps=8):
        for index, label in zip(batch["index"], batch["label"], strict=True):
            assert set(np.unique(label)) <= {3, OUTSIDE}
            found[index].append((label == 3).mean())
    for (height, width), shares in zip(SIZES, found.values(), strict=True):
        frame = MIXED.frame(float(height), float(width))
        rows, columns = (
            min(1.0, side / (crop_scale * of))
            for side, of in zip((height, width), frame, strict=True)
        )
        np.testing.assert_allclose(shares, rows * columns, atol=0.04)


def shading(height, width):
    """uint8 (1, height, width, 3): a scene without details, so that no resolution loses any."""
    y, x = ((np.arange(n) + 0.5) / n for n in (height, width))
    waves = [np.sin(k * 4 * y)[:, None] * np.cos(k * 5 * x + k) for k in (1, 2, 3)]
    return np.round(127 + 120 * np.stack(waves, axis=-1)).astype(np.uint8)[None]


@pytest.mark.parametrize("native", [None, (48, 96)])
@pytest.mark.parametrize("size", [(64, 128), (128, 64), (48, 96), (120, 90), (384, 192)])
def test_a_photo_and_its_copy_of_half_the_size_look_the_same_to_the_net(size, native):
    photo = shading(*size)
    half = tf.cast(resize_image(photo, (size[0] // 2, size[1] // 2), blocks=(1, 1)), tf.uint8)
    scale = WorkingScale(WORKING, native)
    whole, small = (graph(scale).preprocess(images).numpy() for images in (photo, half))
    assert whole.shape == small.shape
    assert np.ptp(whole) > 200
    # The copy was rounded once more, and enlarging it cuts the crests of the waves.
    assert np.abs(whole - small)[:, 2:-2, 2:-2].max() <= 8


def test_of_one_size_every_image_of_it_takes_the_working_size_and_a_copy_does_so_too():
    one_size = graph(WorkingScale((30, 60), (60, 90)))
    for factor in (1, 2, 3):
        images = np.zeros((2, 60 * factor, 90 * factor, 3), np.uint8)
        assert one_size.preprocess(images).shape == (2, 30, 60, 3)
    assert one_size.preprocess(np.zeros((1, 90, 60, 3), np.uint8)).shape == (1, 45, 40, 3)


@cache
def in_onnx():
    model = convert(graph(), probabilities=False)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return lambda batch: dict(zip(names, session.run(names, {"image": batch}), strict=True))


@pytest.mark.parametrize("size", [*SIZES, *ODD])
def test_an_onnx_file_answers_as_tensorflow_does_at_every_size(size):
    batch = np.stack([picture(*size), picture(*size, seed=1)])
    found, expected = in_onnx()(batch), graph().predict(batch)
    for name in ("confidence", "uncertainty"):
        assert found[name].shape == batch.shape[:3]
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=1e-5)
    assert (found["labels"] == expected["labels"].numpy()).mean() > 0.999


@cache
def preprocessing_in_onnx():
    spec = [tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")]
    function = tf.function(graph().preprocess, input_signature=spec, autograph=False)
    model, _ = tf2onnx.convert.from_function(function, input_signature=spec, opset=18)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return lambda batch: session.run(None, {"image": batch})[0]


@pytest.mark.parametrize("size", [*SIZES, *ODD])
def test_what_the_net_sees_is_the_same_to_the_bit_in_onnx_runtime(size):
    batch = picture(*size)[None]
    seen = graph().preprocess(batch).numpy()
    assert seen.shape[1:3] == MIXED.image_size(*size)
    np.testing.assert_array_equal(preprocessing_in_onnx()(batch), seen)
