"""CVAT's "CVAT for images 1.1": annotations.xml with the images below the same folder.

Shapes are painted by `z_order`, those of one order as they stand in the file: polygons and boxes by
COCO's rule, as in CVAT's own mask exports, ellipses by Pillow's; masks are RLE, row after row of
their box. Lines, points and skeletons have no area. What nothing covers is background. A `subset`
that is named like a split is one.
"""

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.coco import coco_polygons, pycocotools_mask
from kerasseg.importing.image_index import ImageIndex
from kerasseg.importing.partition import split_of
from kerasseg.importing.shapes import Point, Shape, bitmap, box_of, ellipse
from kerasseg.importing.source import (
    BACKGROUND,
    Labelled,
    ShapesLabel,
    Source,
    SourceClass,
    class_name,
)
from kerasseg.importing.supervisely import hex_color
from kerasseg.labels import Color

_LARGEST = 1 << 30  # pixels of a mask
_NO_AREA = "polyline", "points", "skeleton", "cuboid"


def read_cvat_images(root: Path) -> Source:
    """Several files, one for each job or annotator, are drawn one after the other by their names.

    Raises UserError if there is no such XML file, or pycocotools is not installed.
    """
    problems: list[str] = []
    index = ImageIndex(root)
    classes: dict[str, Color | None] = {BACKGROUND: None}
    found: dict[Path, tuple[str | None, tuple[int, int], list[Shape]]] = {}
    no_image: list[str] = []
    not_drawn: Counter[str] = Counter()
    files = [
        (p, _root_of(p, problems)) for p in sorted([*root.glob("*.xml"), *root.glob("*/*.xml")])
    ]
    documents = [(path, tree) for path, tree in files if tree is not None]
    if not documents:
        raise UserError("\n".join(problems) or f"{root}: found no annotations.xml of CVAT")
    pycocotools_mask()
    for path, tree in documents:
        for label in tree.iterfind("meta//label"):
            if label.findtext("type") != "skeleton" and not label.findtext("parent"):
                name = class_name(label.findtext("name"))
                classes[name] = classes.get(name) or hex_color(label.findtext("color"))
        for entry in tree.iterfind("image"):
            name = entry.get("name", "")
            try:
                split = split_of(entry.get("subset") or "")
                image = index.find(name, near=path.parent, words=[split] if split else [])
                if image is None:
                    no_image.append(f"{name} ({path.name})")
                    continue
                size = int(entry.get("height", "")), int(entry.get("width", ""))
                shapes = _shapes(entry, not_drawn)
            except UserError as error:
                problems.append(f"{path}: {error}")
                continue
            except (ValueError, TypeError) as error:
                problems.append(f"{path}: {name}: not as CVAT writes it ({error})")
                continue
            found.setdefault(image, (split, size, []))[2].extend(shapes)
    pairs = [
        Labelled(
            image.relative_to(root).with_suffix("").as_posix().removeprefix("images/"),
            image,
            ShapesLabel(shapes, size),
            split,
            empty=not shapes,
        )
        for image, (split, size, shapes) in found.items()
    ]
    return Source(
        classes=tuple(SourceClass(name, color) for name, color in classes.items()),
        rest=BACKGROUND,
        pairs=tuple(sorted(pairs, key=lambda pair: pair.name)),
        no_label=tuple(str(path) for path in index if path not in found),
        no_image=tuple(no_image),
        problems=tuple(problems),
        notes=tuple(f"shapes of type {kind}, not drawn: {n}" for kind, n in not_drawn.items()),
    )


def _root_of(path: Path, problems: list[str]) -> ElementTree.Element | None:
    """The root element, if it is CVAT's; None else, with a line in `problems` if it is no XML."""
    try:
        with os_errors(path, "cannot be read"):
            tree = ElementTree.parse(path).getroot()
    except UserError as error:
        problems.append(str(error))
        return None
    except ElementTree.ParseError as error:
        problems.append(f"{path}: cannot be read as XML ({error})")
        return None
    return tree if tree.tag == "annotations" and tree.find("image") is not None else None


def _shapes(image: ElementTree.Element, not_drawn: Counter[str]) -> list[Shape]:
    """Raises ValueError for numbers that are none."""
    shapes = []
    for entry in sorted(image, key=lambda entry: int(entry.get("z_order", "0"))):
        name = class_name(entry.get("label", ""))
        if entry.tag == "polygon":
            points = [_point(text) for text in entry.get("points", "").split(";")]
            shapes.append(_polygon(name, points))
        elif entry.tag == "box":
            shapes.append(_polygon(name, _corners(entry)))
        elif entry.tag == "ellipse":
            (x, y), (a, b) = _numbers(entry, "cx", "cy"), _numbers(entry, "rx", "ry")
            degrees = float(entry.get("rotation", "0"))
            reach = max(a, b)
            around = x - reach, y - reach, x + reach, y + reach
            # Turned, it may reach less far than that.
            box = around if degrees else (x - a, y - b, x + a, y + b)
            shapes.append(Shape(name, ellipse((x, y), (a, b), degrees), box))
        elif entry.tag == "mask":
            shapes.append(_mask(name, entry))
        elif entry.tag in _NO_AREA:
            not_drawn[entry.tag] += 1
    return shapes


def _polygon(name: str, points: list[Point]) -> Shape:
    flat = [value for point in points for value in point]
    if len(points) < 3:
        raise ValueError(f"a polygon of {len(points)} points")
    return Shape(name, coco_polygons([flat]), box_of(points))


def _point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), float(y)


def _numbers(entry: ElementTree.Element, *keys: str) -> Point:
    x, y = (float(entry.get(key, "")) for key in keys)
    return x, y


def _corners(entry: ElementTree.Element) -> list[Point]:
    """Of a box, turned clockwise about its centre by `rotation` degrees."""
    (left, top), (right, bottom) = _numbers(entry, "xtl", "ytl"), _numbers(entry, "xbr", "ybr")
    turn = np.deg2rad(float(entry.get("rotation", "0")))
    x, y, a, b = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    return [
        (x + i * a * cos - j * b * sin, y + i * a * sin + j * b * cos)
        for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _mask(name: str, entry: ElementTree.Element) -> Shape:
    """RLE: how many are out, in, out …"""
    left, top, width, height = (
        int(float(entry.get(key, ""))) for key in ("left", "top", "width", "height")
    )
    runs = [int(text) for text in entry.get("rle", "").split(",")]
    if sum(runs) != width * height or width * height > _LARGEST:
        raise ValueError(f"a mask of {sum(runs)} pixels in a box of {width} x {height}")
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    return Shape(name, bitmap(pixels, left, top), (left, top, left + width, top + height))
