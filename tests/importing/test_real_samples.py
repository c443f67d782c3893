"""Real exports, where the folder with them is here, against what the tools themselves make of them.

`../shared/annotations` is no part of the project: its files have licences of their own.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.data.layouts import known_layout
from kerasseg.importing import FORMATS
from tests.importing.drawn import counts_of, names_of

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "annotations"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"{SAMPLES} is not here")


def read(folder, name):
    root = SAMPLES / folder
    assert known_layout(root) == name
    return FORMATS[name](root)


def converted(name):
    """What LabelMe's own converter, an older version, made of the photo of this name."""
    folder = SAMPLES / "labelme_dataset" / "data_dataset_voc"
    names = (folder / "class_names.txt").read_text().split("\n")
    table = np.full(256, "void", "<U40")
    table[: len(names)] = ["background", *names[1:]]
    with Image.open(folder / "SegmentationClass" / f"{name}.png") as file:
        return table[np.asarray(file)]


def test_labelme_equals_its_own_converter():
    source = read("labelme_dataset/data_annotated", "labelme")
    differing = [
        (names_of(source, i) != converted(pair.name)).sum() for i, pair in enumerate(source.pairs)
    ]
    # One pixel of 506,500: that of labelme.utils.shapes_to_label today is as here.
    assert len(differing) == 3
    assert sum(differing) <= 1


def test_the_converted_folder_is_read_as_it_stands():
    folder = SAMPLES / "labelme_dataset" / "data_dataset_voc"
    label = FORMATS["voc"]
    with pytest.raises(Exception, match="expected JPEGImages/ and SegmentationClass/"):
        label(folder)  # its photos were left out


def test_coco_of_labelme_equals_pycocotools():
    pycocotools = pytest.importorskip("pycocotools.coco")
    source = read("labelme_coco_export", "coco")
    file = SAMPLES / "labelme_coco_export" / "annotations.json"
    coco = pycocotools.COCO()
    coco.dataset = json.loads(file.read_text())
    coco.createIndex()
    assert [pair.name for pair in source.pairs] == (
        [f"JPEGImages/2011_0000{n}" for n in ("03", "06", "25")]
    )
    for place, pair in enumerate(source.pairs):
        (image,) = (i for i in coco.dataset["images"] if i["file_name"].endswith(pair.image.name))
        expected = np.full((image["height"], image["width"]), "background", "<U40")
        for annotation in coco.imgToAnns[image["id"]]:
            name = coco.cats[annotation["category_id"]]["name"]
            expected[coco.annToMask(annotation) > 0] = name
        np.testing.assert_array_equal(names_of(source, place), expected)


def test_the_three_kinds_of_coco():
    pytest.importorskip("pycocotools")
    (empty, drawn) = read("coco_dataset/coco_instances", "coco").pairs
    assert (empty.split, empty.empty, drawn.split) == ("train", True, "val")
    # A crowd of 20 pixels, over it a polygon of 1 x 2.
    instances = read("coco_dataset/coco_instances", "coco")
    assert counts_of(instances, 1) == {"a": 2, "b": 18, "background": 30}
    assert instances.notes == ("annotations without outline (boxes alone), not drawn: 1",)
    stuff = read("coco_dataset/coco_stuff", "coco")
    assert counts_of(stuff, 0) == {"a": 20, "background": 30}
    assert counts_of(stuff, 1) == {"b": 20, "background": 30}
    panoptic = read("coco_dataset/coco_panoptic", "coco")
    assert counts_of(panoptic, 1) == {"a": 20, "b": 20, "void": 10}


def test_boxes_of_roboflow_are_told():
    pytest.importorskip("pycocotools")
    source = read("roboflow_dataset/coco", "coco")
    assert [pair.split for pair in source.pairs] == ["train", "train", "val"]
    assert all(pair.empty for pair in source.pairs)
    assert source.notes == ("annotations without outline (boxes alone), not drawn: 4",)


def test_voc_kitti_and_mapillary():
    voc = read("voc_dataset/voc_dataset1", "voc")
    assert counts_of(voc) == {"bicycle": 200}  # 20 x 10 of (0, 128, 0)
    assert (voc.pairs[0].split, len(voc.no_label)) == ("train", 1)
    kitti = read("kitti_dataset/kitti_segmentation", "kitti")
    assert len(kitti.pairs) == 2
    for place, pair in enumerate(kitti.pairs):
        instances = SAMPLES / "kitti_dataset/kitti_segmentation/training/instance"
        with Image.open(instances / f"{pair.name}.png") as file:
            ids = np.asarray(file).ravel() // 256
        named = {3: "void", 27: "truck", 12: "wall", 31: "train"}
        assert names_of(kitti, place).ravel().tolist() == [named[i] for i in ids.tolist()]
    vistas = read("mapillary_vistas_dataset", "mapillary")
    assert [(pair.name, pair.split) for pair in vistas.pairs] == (
        [("2", "train"), ("0", "val"), ("1", "val")]
    )
    config = json.loads((SAMPLES / "mapillary_vistas_dataset" / "config_v2.0.json").read_text())
    names = np.array([label["name"] for label in config["labels"]])
    for place, pair in enumerate(vistas.pairs):
        folder = SAMPLES / "mapillary_vistas_dataset" / pair.split
        with Image.open(folder / "v2.0" / "labels" / f"{pair.name}.png") as file:
            np.testing.assert_array_equal(names_of(vistas, place), names[np.asarray(file)])
