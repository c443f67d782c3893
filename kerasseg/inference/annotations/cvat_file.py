"""CVAT: one XML of all images, "CVAT for images 1.1", painted in the order of z_order."""

from collections.abc import Sequence
from xml.etree import ElementTree

from kerasseg.inference.annotations.annotated import (
    VOID_NAME,
    AnnotatedImage,
    AnnotationFormat,
    name_of,
)
from kerasseg.labels import LabelSet


def _text(images: Sequence[AnnotatedImage], label_set: LabelSet) -> str:
    root = ElementTree.Element("annotations")
    _add(root, "version", "1.1")
    labels = _add(_add(_add(root, "meta"), "task"), "labels")
    colors = (*label_set.palette, label_set.void_color)
    for name, color in zip((*label_set.names, VOID_NAME), colors, strict=True):
        label = _add(labels, "label")
        _add(label, "name", name)
        _add(label, "color", f"#{bytes(color).hex()}")
        _add(label, "attributes")
    for number, image in enumerate(images):
        size = {"width": str(image.width), "height": str(image.height)}
        entry = ElementTree.SubElement(
            root, "image", {"id": str(number), "name": image.file, **size}
        )
        for order, outline in enumerate(image.outlines):
            points = ";".join(f"{x:.2f},{y:.2f}" for x, y in outline.points.tolist())
            ElementTree.SubElement(
                entry,
                "polygon",
                {
                    "label": name_of(outline.label, label_set),
                    "source": "auto",
                    "occluded": "0",
                    "points": points,
                    "z_order": str(order),
                },
            )
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _add(parent: ElementTree.Element, tag: str, text: str | None = None) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = text
    return child


CVAT = AnnotationFormat(one_file="annotations.xml", suffix=".xml", text=_text)
