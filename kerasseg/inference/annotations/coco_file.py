"""COCO: one JSON of all images, categories numbered from 1 in the order of trainIds, void last."""

import json
from collections.abc import Sequence

from kerasseg.inference.annotations.annotated import VOID_NAME, AnnotatedImage, AnnotationFormat
from kerasseg.labels import LabelSet


def _text(images: Sequence[AnnotatedImage], label_set: LabelSet) -> str:
    void = label_set.num_classes + 1
    annotations: list[dict] = []
    for number, image in enumerate(images, start=1):
        for outline in image.outlines:
            left, top = outline.points.min(axis=0).tolist()
            right, bottom = outline.points.max(axis=0).tolist()
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": min(outline.label + 1, void),
                    "segmentation": [outline.points.ravel().tolist()],
                    "area": outline.area,
                    "bbox": [left, top, right - left, bottom - top],
                    "iscrowd": 0,
                }
            )
    document = {
        "images": [
            {"id": number, "file_name": image.file, "width": image.width, "height": image.height}
            for number, image in enumerate(images, start=1)
        ],
        "annotations": annotations,
        "categories": [
            {"id": number, "name": name, "supercategory": ""}
            for number, name in enumerate((*label_set.names, VOID_NAME), start=1)
        ],
    }
    return json.dumps(document) + "\n"


COCO = AnnotationFormat(one_file="annotations.json", suffix=".json", text=_text)
