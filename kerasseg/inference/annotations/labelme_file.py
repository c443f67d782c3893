"""LabelMe: a JSON for each image, which it names by its path from there; void is `__ignore__`."""

import json
from collections.abc import Sequence

from kerasseg.inference.annotations.annotated import AnnotatedImage, AnnotationFormat, name_of
from kerasseg.labels import LabelSet

_VERSION = "5.5.0"  # of the layout; LabelMe compares the first number with its own
_IGNORE = "__ignore__"


def _text(images: Sequence[AnnotatedImage], label_set: LabelSet) -> str:
    (image,) = images
    shapes = [
        {
            "label": name_of(outline.label, label_set, void=_IGNORE),
            "points": outline.points.tolist(),
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        for outline in image.outlines
    ]
    document: dict[str, object] = {
        "version": _VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image.file,
        "imageData": None,
        "imageHeight": image.height,
        "imageWidth": image.width,
    }
    return json.dumps(document, indent=2) + "\n"


LABELME = AnnotationFormat(one_file=None, suffix=".json", text=_text)
