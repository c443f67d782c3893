"""Layouts of other tools are recognised; those that a reader reads are not mistaken for them."""

import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.layouts import LAYOUTS, known_layout
from kerasseg.data.readers import READERS
from kerasseg.errors import UserError
from tests.data.readers.test_readers import WRITE

FILES = {
    "cvat": ["labelmap.txt", "SegmentationClass/a.png", "JPEGImages/a.jpg"],
    "cvat_images": ["annotations.xml", "images/a.jpg"],
    "voc": ["JPEGImages/a.jpg", "SegmentationClass/a.png"],
    "coco_stuff": ["train2017/a.jpg", "stuffthingmaps/train2017/a.png", "labels.txt"],
    "coco": ["train/a.jpg", "annotations/instances_train.json"],
    "labelme": ["a.jpg", "a.json"],
    "label_studio": ["task-1-annotation-2-by-1-tag-road-0.png"],
    "roboflow": ["train/a_mask.png", "train/_classes.csv"],
    "ultralytics": ["images/train/a.jpg", "masks/train/a.png", "data.yaml"],
    "supervisely": ["meta.json", "ds/img/a.jpg", "ds/ann/a.jpg.json"],
    "mapillary": ["training/images/a.jpg", "training/v2.0/labels/a.png"],
    "bdd100k": ["images/10k/train/a.jpg", "labels/sem_seg/masks/train/a.png"],
    "idd": [
        "leftImg8bit/train/1/a_leftImg8bit.png",
        "gtFine/train/1/a_gtFine_polygons.json",
    ],
    "kitti": ["training/image_2/a.png", "training/semantic/a.png"],
    "a2d2": ["camera_lidar_semantic/2018/camera/a.png", "class_list.json"],
}


@pytest.mark.parametrize("layout", FILES)
@pytest.mark.parametrize("name", READERS)
def test_a_known_layout_is_named(tmp_path, layout, name):
    for file in FILES[layout]:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        xml = "<annotations><image /></annotations>"
        path.write_text(
            xml
            if path.suffix == ".xml"
            else '{"version": "5", "flags": {}, "shapes": [], "imagePath": "a.jpg"}'
        )
    assert known_layout(tmp_path) == layout
    if "leftImg8bit" in str(FILES[layout]) and name in ("camvid", "folders"):
        return  # a reader's own mark comes first
    with pytest.raises(UserError) as caught:
        open_catalog(load_config(None, [f"data.name={name}", f"data.root={tmp_path}"]))
    assert str(caught.value).endswith(
        f" (this looks like {LAYOUTS[layout].title}: `kerasseg import {tmp_path} OUT` converts it)"
    )


def test_every_row_has_an_example():
    assert FILES.keys() == LAYOUTS.keys()


@pytest.mark.parametrize("name", READERS)
def test_what_a_reader_reads_is_none_of_them(tmp_path, name):
    for split in ("train", "val"):
        WRITE[name](tmp_path, split, "a_1")
    assert known_layout(tmp_path) is None
