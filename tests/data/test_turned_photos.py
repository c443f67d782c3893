"""Photos with an EXIF orientation, from verification to the batch: everybody sees them upright."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.packed.writer import pack
from kerasseg.data.pipeline import validation_dataset
from kerasseg.data.pixels import Decoder
from kerasseg.errors import UserError

CLASSES = """
classes:
  - {name: road, id: 0, color: [128, 64, 128]}
  - {name: car, id: 1, color: [0, 0, 142]}
"""
H, W = 12, 20


def save_photo(path, orientation, *, size=(H, W), late=False):
    """Noise as a camera stores it; returns it as a viewer shows it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(path.name.encode()))
    pixels = rng.integers(0, 256, (*size, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    if late:  # EXIF behind the pixels, as the PNG standard allows
        data = path.read_bytes()
        start = data.index(b"eXIf") - 4
        end = start + 12 + int.from_bytes(data[start : start + 4])
        path.write_bytes(data[:start] + data[end:-12] + data[start:end] + data[-12:])
    with Image.open(path) as file:
        return np.array(ImageOps.exif_transpose(file))


def save_label(path, shape):
    path.parent.mkdir(parents=True, exist_ok=True)
    label = np.zeros(shape, np.uint8)
    label[:3] = 1  # the top three rows
    Image.fromarray(label).save(path)
    return label


def make(root, orientations, *, suffix=".png", **options):
    """A data set with a photo for each orientation; what is shown: {name: (image, label)}."""
    shown = {}
    for split in ("train", "val"):
        for number, orientation in enumerate(orientations):
            name = f"{split}{number}"
            image = save_photo(root / split / "images" / f"{name}{suffix}", orientation, **options)
            label = save_label(root / split / "labels" / f"{name}.png", image.shape[:2])
            shown[name] = image, label
    (root / "labels.yaml").write_text(CLASSES)
    return shown


def open_(root, *settings):
    return open_catalog(
        load_config(
            None,
            ["data.name=folders", f"data.root={root}", f"data.cache_dir={root}-cache", *settings],
        )
    )


@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
@pytest.mark.parametrize("late", [False, True])
def test_training_and_validation_see_what_viewers_show(tmp_path, cache, late):
    shown = make(tmp_path / "data", range(1, 9), late=late)
    for _ in range(2):  # the second time from the caches
        catalog = open_(tmp_path / "data")
        for split, samples in catalog.splits.items():
            decoder = Decoder(catalog, split, cache=cache, cache_dir=tmp_path)
            found = validation_dataset(catalog, decoder, split=split, batch_size=1, workers=1)
            for sample, (image, label) in zip(samples, found, strict=True):
                np.testing.assert_array_equal(image[0], shown[sample.name][0])
                np.testing.assert_array_equal(label[0], shown[sample.name][1])
                np.testing.assert_array_equal(image_of(sample), shown[sample.name][0])
                np.testing.assert_array_equal(label_of(sample, catalog), shown[sample.name][1])
            part, _, _ = decoder.crop(tf.constant(5), lambda size: tf.stack([2, 1, size[0] - 2, 4]))
            np.testing.assert_array_equal(part, shown[samples[5].name][0][2:, 1:5])


def test_packed_data_is_upright(tmp_path):
    shown = make(tmp_path / "data", [6, 3, 1])
    catalog = open_(tmp_path / "data")
    pack(catalog, tmp_path / "packed", shard_bytes=10**6, workers=1)
    packed = open_(tmp_path / "packed", f"data.labels_file={tmp_path}/data/labels.yaml")
    for sample in packed.splits["train"]:
        np.testing.assert_array_equal(image_of(sample), shown[sample.name][0])
        np.testing.assert_array_equal(label_of(sample, packed), shown[sample.name][1])


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("late", [False, True])
def test_a_label_that_fits_the_stored_pixels_alone_is_refused(tmp_path, suffix, late):
    late = late and suffix == ".png"
    make(tmp_path / "data", [1, 6], suffix=suffix, late=late)
    label = tmp_path / "data" / "train" / "labels" / "train1.png"
    save_label(label, (H, W))
    with pytest.raises(UserError) as caught:
        open_(tmp_path / "data")
    image = tmp_path / "data" / "train" / "images" / f"train1{suffix}"
    assert str(caught.value).startswith(
        f"{label}: {W} x {H} pixels, but its image {image} has {H} x {W} when turned upright "
        "(EXIF orientation 6); the label lies on the pixels as stored"
    )
    save_label(label, (H, W + 1))
    with pytest.raises(UserError, match=r"21 x 12 pixels, but .* has 12 x 20 when turned upright"):
        open_(tmp_path / "data")


def test_the_remark_says_how_many_are_turned_and_what_is_assumed(tmp_path):
    make(tmp_path / "sideways", [6, 8, 1])
    assert open_(tmp_path / "sideways").remarks[0] == (
        "train: 2 of 3 images have an EXIF orientation (train0.png) and are turned upright"
    )
    make(tmp_path / "flipped", [1, 6, 3])
    assert open_(tmp_path / "flipped").remarks[0] == (
        "train: 2 of 3 images have an EXIF orientation (train1.png) and are turned upright; the "
        "size of 1 does not tell in which frame the label was drawn (train2.png): it is taken as "
        "drawn on the upright image, as viewers show it"
    )
    make(tmp_path / "square", [6], size=(9, 9))
    assert "the size of 1 does not tell" in open_(tmp_path / "square").remarks[0]
    make(tmp_path / "plain", [1, 1])
    assert open_(tmp_path / "plain").remarks == ()
