import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.class_balance import (
    background_weight,
    class_rows,
    median_frequency_weights,
)
from kerasseg.errors import UserError
from kerasseg.labels import VOID
from tests.data.made_folders import CLASSES, configure, make_folders

CAMVID = Path(__file__).parents[2].parent / "shared" / "camvid"
TRAIN_IDS = {0: 0, 1: 1, 2: 1, 3: 2, 4: 3, 255: VOID}


def read_train_ids(path):
    label = np.asarray(Image.open(path))
    return np.vectorize(TRAIN_IDS.get)(label)


def test_counts_are_those_of_the_label_files(tmp_path):
    catalog = open_catalog(configure(make_folders(tmp_path / "data")))
    for split in ("train", "val"):
        labels = [read_train_ids(s.label) for s in catalog.splits[split]]
        assert len(labels) == 3
        for c, train_id in enumerate([0, 1, 2, 3, VOID]):
            pixels = [int((label == train_id).sum()) for label in labels]
            assert catalog.class_pixels[split][c] == sum(pixels)
            if train_id != VOID:
                having = [label.size for label, n in zip(labels, pixels, strict=True) if n]
                assert catalog.class_images[split][c] == len(having)
                assert catalog.class_image_pixels[split][c] == sum(having)
        assert catalog.class_pixels[split].dtype == np.int64
        assert catalog.class_image_pixels[split].dtype == np.int64


def test_classes_that_no_training_image_shows_are_named(tmp_path):
    root = make_folders(tmp_path / "data")
    assert open_catalog(configure(root)).remarks == ("never in train: tram",)
    assert open_catalog(configure(root), splits=("val",)).remarks == ()


def test_validation_images_that_are_training_images_are_counted(tmp_path):
    root = make_folders(tmp_path / "data", ids=(0, 1, 2, 3, 4, 255))
    for source, target in (("i1", "i0"), ("i2", "i2")):
        data = (root / "train" / "images" / f"{source}.jpg").read_bytes()
        (root / "val" / "images" / f"{target}.jpg").write_bytes(data)
    near = (root / "train" / "images" / "i0.jpg").read_bytes()
    (root / "val" / "images" / "i1.jpg").write_bytes(near[:-3] + b"\0" + near[-2:])  # same size
    label = root / "val" / "labels" / "i0.png"
    for name in ("i0", "i1"):
        with Image.open(root / "val" / "images" / f"{name}.jpg") as image:
            Image.new("L", image.size, 1).save(label.with_name(f"{name}.png"))
    (remark,) = (r for r in open_catalog(configure(root)).remarks if "byte for byte" in r)
    assert remark == (
        f"val: 2 of 3 images are training images, byte for byte, such as {root}/val/images/i0.jpg "
        f"and {root}/train/images/i1.jpg: scores on them say nothing of new images"
    )


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_without_a_labelled_pixel_is_refused(tmp_path, split):
    root = make_folders(tmp_path / "data")
    for path in (root / split / "labels").iterdir():
        Image.fromarray(np.full_like(np.asarray(Image.open(path)), 255)).save(path)
    expected = f"{root}/{split}/labels: no labelled pixel in {split}: all of 3 labels is void"
    with pytest.raises(UserError) as caught:
        open_catalog(configure(root))
    assert str(caught.value) == expected


@pytest.mark.parametrize(("void", "wanted"), [("", "255"), ("void: {id: 9}", "[9, 255]")])
def test_255_is_void_only_if_the_file_says_so(tmp_path, void, wanted):
    root = make_folders(tmp_path / "data", sizes=((4, 5),))
    (root / "labels.yaml").write_text(CLASSES.replace("void: {id: 255}", void))
    with pytest.raises(UserError, match="unknown ids 255") as caught:
        open_catalog(configure(root))
    hint = f"if 255 is unlabelled, declare `void: {{id: {wanted}}}` in the file of classes"
    assert all(line.endswith(hint) for line in str(caught.value).splitlines())


def test_what_else_a_catalog_says(tmp_path):
    catalog = open_catalog(configure(make_folders(tmp_path / "data"), "labels.void=ignore"))
    assert catalog.label_set.names == ("road", "car", "bus", "tram")
    assert catalog.label_set.void == "ignore"
    assert catalog.native_size == (20, 30)
    assert catalog.same_size == {"train": False, "val": False}
    assert (catalog.label_encoding, catalog.color_table) == ("ids", None)
    only_val = open_catalog(configure(tmp_path / "data"), splits=("val",))
    assert set(only_val.splits) == {"val"}


def test_images_are_limited_before_they_are_verified(tmp_path):
    root = make_folders(tmp_path / "data", sizes=[(8, 8)] * 6)
    for name in ("i1", "i2", "i4", "i5"):
        (root / "train" / "images" / f"{name}.jpg").write_bytes(b"broken")
    catalog = open_catalog(configure(root, "data.max_images=2"))
    assert [s.name for s in catalog.splits["train"]] == ["i0", "i3"]
    assert [s.name for s in catalog.splits["val"]] == ["i0", "i3"]
    assert catalog.same_size == {"train": True, "val": True}
    with pytest.raises(UserError, match=r"i1\.jpg"):
        open_catalog(configure(root))


def test_one_palette_file_makes_the_set_indexed(tmp_path):
    root = make_folders(tmp_path / "data")
    path = root / "val" / "labels" / "i1.png"
    before = open_catalog(configure(root))
    label = Image.open(path)
    label.putpalette(bytes(range(255, -1, -1)) * 3)
    label.save(path)
    after = open_catalog(configure(root))
    assert after.label_encoding == "indexed"
    np.testing.assert_array_equal(after.class_pixels["val"], before.class_pixels["val"])


def test_labels_in_colours(tmp_path):
    root = make_folders(tmp_path / "data")
    expected = open_catalog(configure(root)).class_pixels
    colors = {0: (1, 0, 0), 1: (0, 2, 0), 2: (0, 0, 3), 3: (4, 0, 0), 4: (5, 5, 5), 255: (9, 9, 9)}
    table = np.zeros((256, 3), np.uint8)
    for label_id, color in colors.items():
        table[label_id] = color
    for path in root.glob("*/labels/*.png"):
        Image.fromarray(table[np.asarray(Image.open(path))]).save(path)
    other = tmp_path / "colors.yaml"
    other.write_text(
        """
        labels: colors
        classes:
          - {name: road, color: [1, 0, 0]}
          - {name: car, color: [[0, 2, 0], [0, 0, 3]]}
          - {name: bus, color: [4, 0, 0]}
          - {name: tram, color: [5, 5, 5]}
        void: {color: [9, 9, 9]}
        """
    )
    catalog = open_catalog(configure(root, f"data.labels_file={other}"))
    assert catalog.label_encoding == "colors"
    train_ids = {tuple(color): TRAIN_IDS[label_id] for label_id, color in colors.items()}
    assert catalog.color_table == train_ids
    for split in ("train", "val"):
        np.testing.assert_array_equal(catalog.class_pixels[split], expected[split])


def test_streets_are_drawn_once(tmp_path, monkeypatch):
    drawn = []

    def draw(root, *, train, val, seed):
        drawn.append((root, train, val, seed))
        for split, count in (("train", train), ("val", val)):
            for i in range(count):
                for part, end, mode in (
                    ("leftImg8bit", "leftImg8bit", "RGB"),
                    ("gtFine", "gtFine_labelIds", "L"),
                ):
                    folder = root / part / split / "city"
                    folder.mkdir(parents=True, exist_ok=True)
                    Image.new(mode, (6, 4), 7).save(folder / f"city_{i}_{end}.png")

    import kerasseg.streets.draw as module

    monkeypatch.setattr(module, "draw_streets", draw)
    root = tmp_path / "streets"
    config = load_config(
        None,
        [
            "data.name=streets",
            f"data.root={root}",
            f"data.cache_dir={tmp_path}/cache",
            "data.draw_train=3",
            "data.draw_val=2",
            "data.draw_seed=5",
        ],
    )
    for _ in range(2):
        catalog = open_catalog(config)
        assert {split: len(samples) for split, samples in catalog.splits.items()} == {
            "train": 3,
            "val": 2,
        }
        assert catalog.label_set.dataset == "streets"
        assert catalog.class_pixels["train"][0] == 3 * 24  # label id 7 is road, trainId 0
    assert drawn == [(root, 3, 2, 5)]


def test_other_data_sets_are_not_drawn(tmp_path):
    config = load_config(None, ["data.name=cityscapes", f"data.root={tmp_path / 'nowhere'}"])
    with pytest.raises(UserError, match="nowhere: not found"):
        open_catalog(config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["images", "labels"])
def test_a_folder_that_may_not_be_listed_is_for_the_user(name, tmp_path, monkeypatch):
    root = make_folders(tmp_path / "data")
    scandir = os.scandir

    def refuse(folder):  # os.walk lists folders with it; root may list any folder
        if Path(folder).name == name:
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match=rf"{name}: cannot be read \(Permission denied\)"):
        open_catalog(configure(root))


def test_the_data_set_is_opened_without_tensorflow():
    code = (
        "import sys, kerasseg.data.catalog, kerasseg.data.class_balance, kerasseg.commands.check;"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("power", [1.0, 0.5])
def test_median_frequency_is_that_of_a_plain_loop(tmp_path, power):
    catalog = open_catalog(configure(make_folders(tmp_path / "data")))
    labels = [read_train_ids(s.label) for s in catalog.splits["train"]]
    frequency = {}
    for c in range(4):
        of_class = sum(int((label == c).sum()) for label in labels)
        of_images = sum(label.size for label in labels if (label == c).any())
        if of_class:
            frequency[c] = of_class / of_images
    assert sorted(frequency) == [0, 1, 2]
    median = sorted(frequency.values())[1]
    expected = [(median / frequency[c]) ** power for c in range(3)] + [1.0]
    weights = median_frequency_weights(catalog, power=power)
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    assert len(set(expected)) > 2


def test_the_background_weighs_like_a_class(tmp_path):
    catalog = open_catalog(configure(make_folders(tmp_path / "data", ids=(0, 255, 255, 255))))
    labels = np.concatenate(
        [read_train_ids(s.label).ravel() for s in catalog.splits["train"]]
    )  # road, the only class, is the one in the middle
    expected = ((labels == 0).sum() / (labels == VOID).sum()) ** 0.5
    assert expected < 0.7
    assert background_weight(catalog, power=0.5) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("ids", [(0, 1, 2), (0, 0, 0, 0, 255)])
def test_a_background_that_is_rare_or_missing_weighs_1(ids, tmp_path):
    catalog = open_catalog(configure(make_folders(tmp_path / "data", ids=ids)))
    assert background_weight(catalog, power=1.0) == 1.0


def test_the_histogram_has_a_row_for_each_class_and_void(tmp_path):
    catalog = open_catalog(configure(make_folders(tmp_path / "data", sizes=[(2, 5)], ids=(0, 1))))
    rows = class_rows(catalog, "train")
    assert [row[0] for row in rows] == ["road", "car", "bus", "tram", "void"]
    assert sum(row[1] for row in rows) == 10
    assert sum(row[2] for row in rows) == pytest.approx(1.0)
    assert [row[3] for row in rows] == [1, 1, 0, 0, None]


@pytest.mark.skipif(not CAMVID.is_dir(), reason="CamVid is not at ../shared/camvid")
def test_camvid_is_in_order(tmp_path):
    config = load_config(
        None, ["data.name=camvid", f"data.root={CAMVID}", f"data.cache_dir={tmp_path}"]
    )
    catalog = open_catalog(config, splits=("val",))
    assert catalog.native_size == (360, 480)
    assert catalog.same_size == {"val": True}
    assert catalog.label_encoding == "ids"
    assert catalog.class_pixels["val"].sum() == 101 * 360 * 480
