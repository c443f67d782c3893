"""From a source to folders: files, sizes, orientations, and what is left if it fails."""

import io
import struct
import zlib

import numpy as np
import pytest
import yaml
from PIL import Image, ImageOps

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import UserError
from kerasseg.importing.class_map import plan_classes
from kerasseg.importing.plain_folders import write_folders
from kerasseg.importing.shapes import Shape, bitmap
from kerasseg.importing.source import Labelled, MaskLabel, ShapesLabel, Source, SourceClass

CLASSES = SourceClass("background"), SourceClass("road"), SourceClass("car")
FRAME = np.zeros((4, 6), bool)
FRAME[1:3, 0:2] = True
ROAD = Shape("road", bitmap(FRAME, 0, 0), (0, 1, 2, 3))


def photo(path, *, size=(4, 6), orientation=None, mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(path, exif=exif, **options)
    return path


def deep_png(path):
    """RGB of 16 bits, which Pillow reads as 8 and does not write."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + bytes(range(36))) * 4
    head = struct.pack(">IIBBBBB", 6, 4, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*entry) for entry in chunks))
    return path


def phone_photo(path):
    """A JPEG with a second picture behind it."""
    first, second = (Image.new("RGB", (6, 4), color) for color in ("red", "blue"))
    first.save(path, format="MPO", save_all=True, append_images=[second])
    return path


def source(*pairs, rest="background", classes=CLASSES):
    return Source(classes=classes, pairs=tuple(pairs), rest=rest)


def pair(path, *shapes, split=None, size=(4, 6)):
    return Labelled(path.stem, path, ShapesLabel(shapes or [ROAD], size), split)


def write(made, out, *, val=0.5, mapping=None):
    return write_folders(made, out, plan=plan_classes(made.classes, mapping or {}), val=val)


def test_a_later_shape_lies_over_an_earlier_one_and_a_dropped_one_is_not_there(tmp_path):
    image = photo(tmp_path / "a.png")
    shapes = [ROAD, Shape("car", bitmap(FRAME[:, ::-1], 0, 0)), Shape("car", bitmap(FRAME, 1, 1))]
    made = source(pair(image, *shapes))
    write(made, tmp_path / "out", val=0)
    expected = np.zeros((4, 6), np.uint8)
    expected[1:3, 0:2] = 1
    expected[1:3, 4:6] = expected[2:4, 1:3] = 2
    label = np.asarray(Image.open(tmp_path / "out" / "train" / "labels" / "a.png"))
    np.testing.assert_array_equal(label, expected)
    write(made, tmp_path / "less", val=0, mapping={"car": None})
    label = np.asarray(Image.open(tmp_path / "less" / "train" / "labels" / "a.png"))
    np.testing.assert_array_equal(label, FRAME)


def test_png_and_jpeg_are_copied_and_the_rest_becomes_png(tmp_path):
    kinds = {
        "a.png": {},
        "b.jpg": {},
        "c.webp": {"lossless": True},
        "d.bmp": {},
        "e.tif": {},
        "f.jpeg": {"mode": "CMYK"},
        "g.png": {"mode": "I;16"},
        "h.png": {"mode": "P"},
    }
    paths = [photo(tmp_path / "in" / name, **options) for name, options in kinds.items()]
    paths += [deep_png(tmp_path / "in" / "i.png"), phone_photo(tmp_path / "in" / "j.jpg")]
    write(source(*map(pair, paths)), tmp_path / "out")
    root = tmp_path / "out"
    written = {path.stem: path for path in root.glob("*/images/*")}
    png = {f"{stem}.png" for stem in "acdefghi"}
    assert {path.name for path in written.values()} == png | {"b.jpg", "j.jpg"}
    for path in paths:
        if path.stem in "abhj":
            assert written[path.stem].read_bytes() == path.read_bytes()
    for stem in "cde":
        np.testing.assert_array_equal(Image.open(written[stem]), Image.open(written["a"]))
    settings = [f"data.root={root}", f"data.cache_dir={tmp_path}/cache"]
    catalog = open_catalog(load_config("folders", settings))
    assert {split: len(samples) for split, samples in catalog.splits.items()} == (
        {"train": 5, "val": 5}
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_label_drawn_on_the_stored_frame_is_turned_with_the_photo(tmp_path, orientation):
    image = photo(tmp_path / "a.png", orientation=orientation)
    outcome = write(source(pair(image)), tmp_path / "out", val=0)
    label = Image.open(tmp_path / "out" / "train" / "labels" / "a.png")
    stored = Image.fromarray(FRAME.astype(np.uint8))
    if orientation >= 5:  # its size tells the frame
        exif = stored.getexif()
        exif[0x0112] = orientation
        buffer = io.BytesIO()
        stored.save(buffer, "PNG", exif=exif)
        stored = ImageOps.exif_transpose(Image.open(buffer))
    np.testing.assert_array_equal(label, stored)
    assert outcome.turned == (["a"] if orientation >= 5 else [])


def test_a_label_drawn_on_the_upright_photo_stays(tmp_path):
    image = photo(tmp_path / "a.jpg", orientation=6)
    upright = np.zeros((6, 4), bool)
    upright[5] = True
    shape = Shape("road", bitmap(upright, 0, 0))
    outcome = write(source(pair(image, shape, size=(6, 4))), tmp_path / "out", val=0)
    label = np.asarray(Image.open(tmp_path / "out" / "train" / "labels" / "a.png"))
    np.testing.assert_array_equal(label, upright)
    assert outcome.turned == []


def test_what_cannot_be_read_is_listed_and_the_rest_is_written(tmp_path):
    good = photo(tmp_path / "good.png")
    small = photo(tmp_path / "small.png", size=(3, 5))
    damaged = photo(tmp_path / "damaged.png")
    damaged.write_bytes(damaged.read_bytes()[:60])
    jpeg = photo(tmp_path / "label.jpg")
    masked = Labelled("masked", good, MaskLabel(jpeg, {}))
    outcome = write(source(*map(pair, (good, small, damaged)), masked), tmp_path / "out", val=0)
    assert outcome.images == {"train": 1}
    assert len(outcome.problems) == 3
    text = "\n".join(outcome.problems)
    assert f"{small}: 5 x 3 pixels, but its label has 6 x 4" in text
    assert f"{damaged}: cannot be read as an image" in text
    assert f"{jpeg}: not a PNG file; others, such as JPEG, change label values" in text
    assert [path.name for path in (tmp_path / "out" / "train" / "images").iterdir()] == ["good.png"]


def test_nothing_is_left_of_what_fails(tmp_path):
    image = photo(tmp_path / "in" / "a.png")
    whole = Shape("road", bitmap(np.ones((4, 6), bool), 0, 0))
    out = tmp_path / "deep" / "out"
    with pytest.raises(UserError, match=r"classes: found one class .*A binary task has two"):
        write(source(pair(image, whole), classes=CLASSES[:2]), out, val=0)
    with pytest.raises(UserError, match=r"no image could be read:\n.*a\.png: 6 x 4 pixels"):
        write(source(pair(image, size=(1, 2))), out, val=0)
    with pytest.raises(UserError, match="found one labelled image"):
        write(source(pair(image)), out)
    assert list(out.parent.iterdir()) == []
    (tmp_path / "file").write_text("")
    for there in (tmp_path / "file", tmp_path / "in"):
        with pytest.raises(UserError, match="is there already; --add adds to it"):
            write(source(pair(image)), there, val=0)
    with pytest.raises(UserError, match="cannot be written"):
        write(source(pair(image)), tmp_path / "file" / "out", val=0)


def test_nothing_is_left_of_what_is_interrupted(tmp_path):
    pairs = [pair(photo(tmp_path / "in" / f"{i}.png")) for i in range(9)]
    made = source(*pairs)

    def interrupt(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folders(
            made, tmp_path / "out", plan=plan_classes(CLASSES, {}), val=0, progress=interrupt
        )
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_an_empty_folder_is_taken(tmp_path):
    image = photo(tmp_path / "in" / "a.png")
    (tmp_path / "out").mkdir()
    write(source(pair(image)), tmp_path / "out", val=0)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["labels.yaml", "train"]


def test_a_background_that_never_occurs_is_no_class(tmp_path):
    image = photo(tmp_path / "a.png")
    shapes = [Shape("road", bitmap(np.ones((4, 6), bool), 0, 0)), Shape("car", bitmap(FRAME, 0, 0))]
    outcome = write(source(pair(image, *shapes)), tmp_path / "out", val=0)
    assert outcome.classes == {"road": 1, "car": 2}
    content = yaml.safe_load((tmp_path / "out" / "labels.yaml").read_text())
    assert [entry["id"] for entry in content["classes"]] == [1, 2]
    assert outcome.pixels[[1, 2]].tolist() == [20, 4]


def test_images_of_one_name_take_that_of_their_folder_along(tmp_path):
    names = ["x/a", "y/a", "y/b"]
    pairs = [
        Labelled(name, photo(tmp_path / f"{name}.png"), ShapesLabel([ROAD], (4, 6)), "train")
        for name in names
    ]
    write(source(*pairs), tmp_path / "out", val=0)
    images = tmp_path / "out" / "train" / "images"
    assert sorted(p.name for p in images.iterdir()) == ["b.png", "x_a.png", "y_a.png"]
    clash = Labelled("x_a", pairs[0].image, pairs[0].label, "train")
    with pytest.raises(UserError, match="would both be called x_a; rename one"):
        write(source(*pairs, clash), tmp_path / "clash", val=0)


@pytest.mark.parametrize(
    ("splits", "written"),
    [
        (("train", "val", "test", None), {"train": 2, "val": 1, "test": 1}),
        (("train", "train", "train", None), {"train": 2, "val": 2}),
        (("val", "val", None, "test"), {"train": 1, "val": 2, "test": 1}),
        (("test", "test", "test", "test"), {"train": 2, "val": 2}),
    ],
)
def test_splits_are_kept_and_what_is_missing_is_drawn(tmp_path, splits, written):
    image = photo(tmp_path / "a.png")
    pairs = [
        Labelled(f"{'abcd'[i]}", image, ShapesLabel([ROAD], (4, 6)), split)
        for i, split in enumerate(splits)
    ]
    outcome = write(source(*pairs), tmp_path / "out", val=0.5)
    assert outcome.images == written


def test_undeclared_values_are_void_and_counted(tmp_path):
    image = photo(tmp_path / "a.png")
    values = np.full((4, 6), 1, np.uint8)
    values[0, :5] = 9
    values[1, :2] = 7
    Image.fromarray(values).save(tmp_path / "label.png")
    names = {1: "road", 2: "car", 7: None}
    masked = Labelled("a", image, MaskLabel(tmp_path / "label.png", names))
    outcome = write(source(masked, rest=None), tmp_path / "out", val=0)
    assert outcome.unknown == {"9": 5}
    assert outcome.pixels[[1, 255]].tolist() == [17, 7]
