"""Predictions as annotation tools read them, to be corrected there: one row for each tool."""

from kerasseg.inference.annotations.coco_file import COCO
from kerasseg.inference.annotations.cvat_file import CVAT
from kerasseg.inference.annotations.labelme_file import LABELME

# The name that `kerasseg predict --format` takes -> how such a file is written.
ANNOTATIONS = {"coco": COCO, "labelme": LABELME, "cvat": CVAT}

__all__ = ["ANNOTATIONS"]
