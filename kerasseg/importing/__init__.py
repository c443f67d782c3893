"""Exports of annotation tools, read and written as plain folders. What can be read: a row each."""

from collections.abc import Callable
from pathlib import Path

from kerasseg.importing.a2d2 import read_a2d2
from kerasseg.importing.bdd100k import read_bdd100k
from kerasseg.importing.coco import read_coco
from kerasseg.importing.coco_stuff import read_coco_stuff
from kerasseg.importing.cvat_images import read_cvat_images
from kerasseg.importing.idd import read_idd
from kerasseg.importing.kitti import read_kitti
from kerasseg.importing.label_studio import read_label_studio
from kerasseg.importing.labelme import read_labelme
from kerasseg.importing.mapillary import read_mapillary
from kerasseg.importing.roboflow import read_roboflow
from kerasseg.importing.source import Source
from kerasseg.importing.supervisely import read_supervisely
from kerasseg.importing.ultralytics import read_ultralytics
from kerasseg.importing.voc import read_voc

# The name of a layout in `kerasseg.data.layouts` -> what reads it.
FORMATS: dict[str, Callable[[Path], Source]] = {
    "cvat": read_voc,
    "cvat_images": read_cvat_images,
    "voc": read_voc,
    "roboflow": read_roboflow,
    "mapillary": read_mapillary,
    "kitti": read_kitti,
    "bdd100k": read_bdd100k,
    "a2d2": read_a2d2,
    "supervisely": read_supervisely,
    "label_studio": read_label_studio,
    "coco_stuff": read_coco_stuff,
    "coco": read_coco,
    "ultralytics": read_ultralytics,
    "idd": read_idd,
    "labelme": read_labelme,
}

__all__ = ["FORMATS", "Source"]
