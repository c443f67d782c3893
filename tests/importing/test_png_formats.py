"""Formats of label PNGs: what their values mean, by counts worked out by hand."""

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.importing import FORMATS
from kerasseg.importing.class_map import voc_color
from kerasseg.labels.builtin import CITYSCAPES
from tests.importing.drawn import counts_of, names_of
from tests.importing.made_exports import EXPORTS, photo, png, text


def row(*values):
    """A PNG of one row: each value twice."""
    return np.repeat(np.array(values), 2, axis=0)[None]


def test_voc_by_index_by_colour_and_its_border(tmp_path):
    values = row(0, 15, 20, 255).astype(np.uint8)
    colors = np.array([voc_color(i) for i in range(256)], np.uint8)
    folder = tmp_path / "VOC2012"
    png(folder / "SegmentationClass" / "a.png", values, colors.tolist())
    png(folder / "SegmentationClass" / "b.png", colors[values])
    png(folder / "SegmentationClass" / "c.png", values)
    for name in "abc":
        photo(folder / "JPEGImages" / f"{name}.jpg")
    source = FORMATS["voc"](tmp_path)
    assert len(source.classes) == 21
    for place in range(3):
        assert counts_of(source, place) == {"background": 2, "person": 2, "tvmonitor": 2, "void": 2}


def test_cvat_by_colour_unless_the_png_is_gray(tmp_path):
    text(tmp_path / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\n")
    with open(tmp_path / "labelmap.txt", "a") as file:
        file.write("sky:10,20,30::\ncar:1,1,1::\n")
    colors = [(0, 0, 0), (10, 20, 30), (1, 1, 1), (9, 9, 9)]
    swapped = [(10, 20, 30), (0, 0, 0), (9, 9, 9), (1, 1, 1)]
    png(tmp_path / "SegmentationClass" / "a.png", row(*colors).astype(np.uint8))
    png(tmp_path / "SegmentationClass" / "b.png", row(1, 0, 3, 2).astype(np.uint8), swapped)
    png(tmp_path / "SegmentationClass" / "c.png", row(0, 1, 2, 3).astype(np.uint8))
    for name in "abc":
        photo(tmp_path / "JPEGImages" / f"{name}.jpg")
    source = FORMATS["cvat"](tmp_path)
    for place in range(3):
        assert counts_of(source, place) == {"background": 2, "sky": 2, "car": 2, "void": 2}
    (tmp_path / "labelmap.txt").write_text("car=1,1,1\n")
    with pytest.raises(UserError, match="line 1 is car=1,1,1, expected name:R,G,B::"):
        FORMATS["cvat"](tmp_path)


def test_mapillary_takes_the_newest_version_and_leaves_out_what_is_not_evaluated(tmp_path):
    EXPORTS["mapillary"](tmp_path)
    source = FORMATS["mapillary"](tmp_path)
    assert counts_of(source) == {"void": 43, "road": 38, "car": 15}
    assert [entry.color for entry in source.classes] == [(0, 0, 0), (128, 64, 128), (0, 0, 142)]
    (tmp_path / "config_v2.0.json").write_text('{"labels": [{"name": "road"}]}')
    with pytest.raises(UserError, match=r"config_v2\.0\.json: not a config of Mapillary Vistas"):
        FORMATS["mapillary"](tmp_path)


@pytest.mark.parametrize("holds", ["semantic", "instance"])
def test_kitti_has_the_label_ids_of_cityscapes(tmp_path, holds):
    ids = [label_id for _, label_id, *_ in CITYSCAPES]
    values = row(*ids)
    if holds == "instance":
        values = (values * 256 + np.arange(2 * len(ids))).astype(np.uint16)
    path = tmp_path / "training" / holds / "000030_10.png"
    png(path, values.astype(np.uint16 if holds == "instance" else np.uint8))
    photo(tmp_path / "training" / "image_2" / "000030_10.png")
    expected = {name: 2 for name, _, _, evaluated, _ in CITYSCAPES if evaluated}
    assert counts_of(FORMATS["kitti"](tmp_path)) == {**expected, "void": 2 * (len(ids) - 19)}


@pytest.mark.parametrize(
    ("images", "labels", "end"),
    [
        ("bdd100k/seg/images", "bdd100k/seg/labels", "_train_id"),
        ("images/10k", "labels/sem_seg/masks", ""),
    ],
)
def test_bdd100k_has_train_ids_in_both_layouts(tmp_path, images, labels, end):
    photo(tmp_path / images / "train" / "a.jpg")
    photo(tmp_path / images / "test" / "b.jpg")
    png(tmp_path / labels / "train" / f"a{end}.png", row(0, 2, 18, 255, 13, 19).astype(np.uint8))
    source = FORMATS["bdd100k"](tmp_path)
    # 19 is no class of Cityscapes.
    assert counts_of(source) == {"road": 2, "building": 2, "bicycle": 2, "car": 2, "void": 4}
    assert (source.pairs[0].split, source.no_label) == (
        "train",
        (str(tmp_path / images / "test" / "b.jpg"),),
    )


def test_a2d2_tells_things_of_one_class_apart(tmp_path):
    EXPORTS["a2d2"](tmp_path)
    label = next(tmp_path.glob("*/drive/label/*/*0001.png"))
    png(label, row((255, 0, 0), (200, 0, 0), (180, 50, 180), (0, 0, 1)).astype(np.uint8))
    source = FORMATS["a2d2"](tmp_path)
    assert counts_of(source) == {"Car": 4, "RD normal street": 2, "void": 2}
    assert [(e.name, e.color) for e in source.classes] == (
        [("Car", (255, 0, 0)), ("RD normal street", (180, 50, 180))]
    )
    (tmp_path / "camera_lidar_semantic" / "class_list.json").write_text('{"red": "Car 1"}')
    with pytest.raises(UserError, match="found red, expected a colour such as #ff0000"):
        FORMATS["a2d2"](tmp_path)


def test_roboflow_names_values_in_each_folder(tmp_path):
    EXPORTS["roboflow"](tmp_path)
    text(
        tmp_path / "valid" / "_classes.csv", "Pixel Value, Class\n0, background\n2, road\n1, car\n"
    )
    source = FORMATS["roboflow"](tmp_path)
    assert [counts_of(source, i)["road"] for i in range(3)] == [38, 38, 15]
    for line in ("road", "3,"):
        text(tmp_path / "valid" / "_classes.csv", f"Pixel Value, Class\n{line}\n")
        with pytest.raises(UserError, match=f"line 2 is {line}, expected value, class"):
            FORMATS["roboflow"](tmp_path)


def test_names_of_coco_stuff_may_come_from_the_files_of_coco(tmp_path):
    EXPORTS["coco_stuff"](tmp_path)
    (tmp_path / "labels.txt").unlink()
    with pytest.raises(UserError, match="the names of stuffthingmaps/ are missing; expected"):
        FORMATS["coco_stuff"](tmp_path)
    for name, number, label in (("instances", 3, "car"), ("stuff", 149, "road")):
        categories = [{"id": number, "name": label}]
        text(tmp_path / "annotations" / f"{name}_val2017.json", {"categories": categories})
    source = FORMATS["coco_stuff"](tmp_path)
    assert [entry.name for entry in source.classes] == ["car", "road"]
    assert counts_of(source) == {"void": 43, "road": 38, "car": 15}


def test_masks_of_ultralytics(tmp_path):
    text(tmp_path / "data.yaml", "names: [road, car]\n")
    photo(tmp_path / "images" / "train" / "a.jpg")
    png(tmp_path / "masks" / "train" / "a.png", row(0, 1, 255, 7).astype(np.uint8))
    source = FORMATS["ultralytics"](tmp_path)
    assert names_of(source)[0, ::2].tolist() == ["road", "car", "void", "void"]
    assert (source.rest, source.pairs[0].split) == (None, "train")


@pytest.mark.parametrize("name", FORMATS)
def test_a_folder_that_is_none_of_them(tmp_path, name):
    with pytest.raises(UserError, match=str(tmp_path)):
        FORMATS[name](tmp_path)


def test_an_rgb_png_where_ids_belong(tmp_path):
    EXPORTS["bdd100k"](tmp_path)
    photo(tmp_path / "seg" / "labels" / "train" / "drive_0001_train_id.png")
    with pytest.raises(UserError, match=r"train_id\.png: RGB, expected one channel"):
        counts_of(FORMATS["bdd100k"](tmp_path))
    (tmp_path / "seg" / "labels" / "train" / "drive_0001_train_id.png").write_bytes(
        (tmp_path / "seg" / "labels" / "train" / "drive_0002_train_id.png").read_bytes()[:50]
    )
    with pytest.raises(UserError, match=r"train_id\.png: cannot be read"):
        counts_of(FORMATS["bdd100k"](tmp_path))
