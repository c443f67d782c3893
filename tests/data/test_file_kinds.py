"""Every kind of image and label that people have: read to the right pixels, or refused in a line.

The tables of `docs/own_data.md` name these rows.
"""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from kerasseg.commands.main import start
from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.image_file import read_image
from kerasseg.data.pixels import Decoder
from kerasseg.errors import UserError
from kerasseg.labels import VOID
from tests.data.test_label_png import GRAY, PALETTE, png
from tests.importing.test_plain_folders import deep_png

H, W = 4, 6
RGB = np.kron(np.random.default_rng(0).integers(0, 256, (2, 3, 3), np.uint8), np.ones((2, 2, 1)))
PHOTO = Image.fromarray(RGB.astype(np.uint8))
ALPHA = Image.fromarray(np.full((H, W), 77, np.uint8))
IDS = np.random.default_rng(1).integers(0, 2, (H, W)).astype(np.uint8)
VOID_PLACES = np.arange(W) < 3  # columns, of both classes
ROAD, CAR = (128, 64, 128), (0, 0, 142)
CLASSES = "classes: [{name: road, id: 0, color: [128, 64, 128]}, {name: car, id: %d, color: "
CLASSES += "[0, 0, 142]}]\n"
IDS_FILE, COLORS_FILE = CLASSES % 1, CLASSES % 1 + "labels: colors\n"


def saved(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags


def deep(tmp_path):
    return deep_png(tmp_path / "deep.png").read_bytes()


PHONE = {"save_all": True, "append_images": [PHOTO]}
# Row of the documentation -> suffix of the image, its bytes, and the line that refuses it, or None.
IMAGES = {
    "rgb": (".png", saved(PHOTO, "PNG"), None),
    "jpeg": (".JPG", saved(PHOTO, "JPEG"), None),
    "progressive": (".jpeg", saved(PHOTO, "JPEG", progressive=True), None),
    "grayscale": (".png", saved(PHOTO.convert("L"), "PNG"), None),
    "grayscale_jpeg": (".jpg", saved(PHOTO.convert("L"), "JPEG"), None),
    "one_bit": (".png", saved(PHOTO.convert("1"), "PNG"), None),
    "palette": (".png", saved(PHOTO.quantize(5), "PNG"), None),
    "transparent_palette": (".png", saved(PHOTO.quantize(5), "PNG", transparency=2), None),
    "alpha": (".png", saved(Image.merge("RGBA", [*PHOTO.split(), ALPHA]), "PNG"), None),
    "gray_alpha": (".png", saved(Image.merge("LA", [PHOTO.getchannel(0), ALPHA]), "PNG"), None),
    "cmyk": (".jpg", saved(PHOTO.convert("CMYK"), "JPEG"), None),
    "phone": (".jpg", saved(PHOTO, "MPO", **PHONE), None),
    "exif": (".jpg", saved(PHOTO.rotate(90, expand=True), "JPEG", exif=exif(6)), None),
    "sixteen_bits": (
        ".png",
        saved(Image.fromarray(IDS.astype(np.uint16)), "PNG"),
        r"images/a\.png: 16 bits a channel; images need 8$",
    ),
    "sixteen_bits_rgb": (".png", deep, r"images/a\.png: 16 bits a channel; images need 8$"),
    **{
        kind: (
            f".{kind}",
            saved(PHOTO, "TIFF" if kind == "tif" else kind),
            rf"a\.png: has no image; .*; a\.{kind} lies there: images are PNG or JPEG; convert it$",
        )
        for kind in ("webp", "bmp", "tif", "gif")
    },
    "misnamed": (
        ".jpg",
        saved(PHOTO, "WEBP"),
        r"images/a\.jpg: not a PNG or JPEG file, but WEBP; convert it$",
    ),
}
COLORED = np.array([ROAD, CAR], np.uint8)[IDS]
NEAR = COLORED + np.uint8(1)
INDEXED = png(IDS, bits=8, color_type=PALETTE)
# Row -> name of the label, its bytes, the file of classes, and the line that refuses it, or None.
LABELS = {
    "ids": ("a.png", png(IDS, bits=8, color_type=GRAY), IDS_FILE, None),
    "one_bit_ids": ("a.png", png(IDS, bits=1, color_type=GRAY), IDS_FILE, None),
    "four_bit_ids": ("a.png", png(IDS, bits=4, color_type=GRAY), IDS_FILE, None),
    "sixteen_bit_ids": ("a.png", png(IDS, bits=16, color_type=GRAY), IDS_FILE, None),
    "palette_ids": ("a.png", INDEXED, IDS_FILE, None),
    "mask": ("a_mask.png", png(IDS * 255, bits=8, color_type=GRAY), CLASSES % 255, None),
    "colors": ("a.png", saved(Image.fromarray(COLORED), "PNG"), COLORS_FILE, None),
    "colors_alpha": (
        "a.png",
        saved(Image.merge("RGBA", [*Image.fromarray(COLORED).split(), ALPHA]), "PNG"),
        COLORS_FILE,
        None,
    ),
    "near_colors": (
        "a.png",
        saved(Image.fromarray(NEAR), "PNG"),
        COLORS_FILE + "tolerance: 2\n",
        None,
    ),
    "several_voids": (
        "a.png",
        png(np.where(VOID_PLACES, (IDS + 1) * 9, IDS), bits=8, color_type=GRAY),
        IDS_FILE + "void: {id: [9, 18]}\n",
        None,
    ),
    "mask_of_255_as_1": (
        "a.png",
        png(IDS * 255, bits=8, color_type=GRAY),
        IDS_FILE,
        r"unknown ids 255 .*; if 255 is unlabelled, .*, if it is car, write `id: 255` there$",
    ),
    "mask_without_classes": (
        "a.png",
        png(IDS * 255, bits=8, color_type=GRAY),
        None,
        r"labels\.yaml: not found; the labels hold the ids 0, 255: a binary task has two classes",
    ),
    "smoothed_mask": (
        "a.png",
        png(IDS * 255 | np.arange(W), bits=8, color_type=GRAY),
        CLASSES % 255,
        r"a\.png: unknown ids .*; a mask whose edges were smoothed, or JPEG: save it without$",
    ),
    "beyond_255": (
        "a.png",
        png(IDS + np.uint16(26000), bits=16, color_type=GRAY),
        IDS_FILE,
        r"a\.png: unknown ids 2600\d .*; allowed: 0-1$",
    ),
    "equal_channels": (
        "a.png",
        saved(Image.fromarray(np.repeat(IDS[..., None], 3, -1)), "PNG"),
        IDS_FILE,
        r"its channels are equal and look like ids: save one of them as a gray PNG$",
    ),
    "undeclared_colors": (
        "a.png",
        saved(Image.fromarray(NEAR), "PNG"),
        COLORS_FILE,
        r"a\.png: unknown colours \[",
    ),
    "colors_as_ids": (
        "a.png",
        saved(Image.fromarray(COLORED), "PNG"),
        IDS_FILE,
        r"a\.png: RGB, but labels have one channel of ids; .* set `labels: colors`",
    ),
    "jpeg_label": (
        "a.jpg",
        saved(Image.fromarray(IDS), "JPEG"),
        IDS_FILE,
        r"has no label; .*; a\.jpg lies there: JPEG changes the values of labels; save them as PNG",
    ),
    "jpeg_called_png": (
        "a.png",
        saved(Image.fromarray(IDS), "JPEG"),
        IDS_FILE,
        r"labels/a\.png: not a PNG file; labels are PNG, since JPEG changes their values$",
    ),
    "tif_label": (
        "a.tif",
        saved(Image.fromarray(IDS), "TIFF"),
        IDS_FILE,
        r"has no label; .*; a\.tif lies there: labels are PNG; convert it$",
    ),
    "another_size": (
        "a.png",
        png(IDS[1:], bits=8, color_type=GRAY),
        IDS_FILE,
        r"a\.png: 6 x 3 pixels, but its image .* has 6 x 4$",
    ),
}


def read(root, *, image, label, classes):
    """Image, label as a training gets them. image, label: name and bytes."""
    for folder, (name, data) in (("images", image), ("labels", label)):
        (root / "train" / folder).mkdir(parents=True, exist_ok=True)
        (root / "train" / folder / name).write_bytes(data)
    if classes:
        (root / "labels.yaml").write_text(classes)
    config = load_config("folders", [f"data.root={root}", f"data.cache_dir={root}-cache"])
    catalog = open_catalog(config, splits=("train",))
    decoder = Decoder(catalog, "train", cache="none", cache_dir=root)
    return [tensor.numpy() for tensor in decoder(tf.constant(0))]


@pytest.mark.parametrize("row", IMAGES)
def test_images(tmp_path, row):
    suffix, data, refused = IMAGES[row]
    image = f"a{suffix}", data(tmp_path) if callable(data) else data
    label = "a.png", png(IDS, bits=8, color_type=GRAY)
    good = {"image": ("b.png", saved(PHOTO, "PNG")), "label": ("b.png", label[1])}
    read(tmp_path / "data", classes=IDS_FILE, **good)
    if refused:
        with pytest.raises(UserError, match=refused) as caught:
            read(tmp_path / "data", image=image, label=label, classes=IDS_FILE)
        assert "\n" not in str(caught.value)
        return
    found, _ = read(tmp_path / "data", image=image, label=label, classes=IDS_FILE)
    with Image.open(io.BytesIO(image[1])) as file:
        shown = ImageOps.exif_transpose(file)
    expected = shown.convert("RGBA" if shown.mode == "P" else "RGB").convert("RGB")
    np.testing.assert_array_equal(found, expected)
    # What is predicted later is read by Pillow.
    path = tmp_path / "data" / "train" / "images" / image[0]
    np.testing.assert_array_equal(read_image(path), expected)


@pytest.mark.parametrize("row", LABELS)
def test_labels(tmp_path, row):
    name, data, classes, refused = LABELS[row]
    given = {"image": ("a.png", saved(PHOTO, "PNG")), "label": (name, data), "classes": classes}
    if refused:
        with pytest.raises(UserError, match=refused) as caught:
            read(tmp_path / "data", **given)
        assert "\n" not in str(caught.value)
        return
    _, found = read(tmp_path / "data", **given)
    expected = np.where(VOID_PLACES, VOID, IDS) if row == "several_voids" else IDS
    np.testing.assert_array_equal(found, expected)


def test_check_takes_the_file_that_masks_without_one_are_answered_with(tmp_path, capsys):
    name, data, _, _ = LABELS["mask"]
    given = {"image": ("a.png", saved(PHOTO, "PNG")), "label": (name, data)}
    with pytest.raises(UserError) as caught:
        read(tmp_path / "data", classes=None, **given)
    (tmp_path / "data" / "labels.yaml").write_text(str(caught.value).split("`")[1])
    shutil.copytree(tmp_path / "data" / "train", tmp_path / "data" / "val")
    words = ["check", "--config", "folders", f"data.root={tmp_path / 'data'}"]
    words += [f"data.cache_dir={tmp_path}/cache", "--sheet", str(tmp_path / "sheet.png")]
    assert not start(words)
    out = capsys.readouterr().out
    assert re.search(r"background +\d+ ", out), out
    assert re.search(r"object +\d+ ", out), out


def test_the_documentation_has_these_rows():
    text = (Path(__file__).parents[2] / "docs" / "own_data.md").read_text(encoding="utf-8")
    named = re.findall(r"`test_(images|labels)\[(\w+)\]`", text)
    assert sorted(named) == sorted(
        [("images", row) for row in IMAGES] + [("labels", row) for row in LABELS]
    )
