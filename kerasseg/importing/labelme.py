"""LabelMe: x.json beside x.jpg, with shapes that are painted in their order, later over earlier.

Pixels as LabelMe's own `shapes_to_label` sets them (Pillow's rule; a line is 10 pixels wide, a
point a disc of radius 5). Classes are those of labels.txt if it is there, else all that occur, by
name; `__ignore__` is void, `_background_` is what no shape covers.
"""

import base64
import binascii
import io
import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.data.image_file import SUFFIXES
from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.image_index import ImageIndex, files_below
from kerasseg.importing.partition import split_of
from kerasseg.importing.shapes import (
    Mask,
    Point,
    Shape,
    bitmap,
    box_of,
    ellipse,
    line,
    polygon,
    rectangle,
)
from kerasseg.importing.source import (
    BACKGROUND,
    Labelled,
    ShapesLabel,
    Size,
    Source,
    SourceClass,
    class_name,
)
from kerasseg.importing.voc import read_lines

_IGNORE = "__ignore__"
_LINE_WIDTH, _POINT_RADIUS = 10, 5
_POINTS = {  # kind -> how many it has, at least; those of _EXACTLY no more
    "polygon": 3,
    "oriented_rectangle": 4,
    "rectangle": 2,
    "circle": 2,
    "line": 2,
    "linestrip": 2,
    "point": 1,
    "mask": 2,
}


def read_labelme(root: Path) -> Source:
    """Raises UserError if no JSON file of LabelMe's is below `root`."""
    index = ImageIndex(root)
    problems: list[str] = []
    no_image: list[str] = []
    shapes_of: dict[str, list[Shape]] = {}  # two annotators' files about one image are one label
    first: dict[str, tuple[Path | bytes, Size | None]] = {}
    files = [path for path in files_below(root) if path.suffix.lower() == ".json"]
    for path in sorted(files):
        try:
            content = _content(path)
            if content is None:
                continue
            shapes = [_shape(entry, path) for entry in content["shapes"]]
            image = _image(content, path, index)
        except UserError as error:
            problems.append(str(error))
            continue
        if image is None:
            no_image.append(str(path))
            continue
        source = image if isinstance(image, Path) else path
        name = source.relative_to(root).with_suffix("").as_posix()
        shapes_of.setdefault(name, []).extend(shapes)
        first.setdefault(name, (image, _size(content)))
    if not (first or problems or no_image):
        raise UserError(f"{root}: found no JSON file of LabelMe's (with shapes and imagePath)")
    used = {image for image, _ in first.values() if isinstance(image, Path)}
    return Source(
        classes=_classes(root, (shape for shapes in shapes_of.values() for shape in shapes)),
        rest=BACKGROUND,
        pairs=tuple(
            Labelled(name, image, ShapesLabel(shapes_of[name], size), split_of_folders(name))
            for name, (image, size) in sorted(first.items())
        ),
        no_label=tuple(str(path) for path in index if path not in used),
        no_image=tuple(no_image),
        problems=tuple(problems),
    )


def split_of_folders(name: str) -> str | None:
    """The split that a folder in a path is named after."""
    return split_of(name.rpartition("/")[0])


def _content(path: Path) -> dict | None:
    """What the file says; None for another tool's JSON. Raises UserError if it cannot be read."""
    try:
        with os_errors(path, "cannot be read"):
            content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path}: cannot be read as JSON ({error})") from None
    ours = isinstance(content, dict) and isinstance(content.get("shapes"), list)
    return content if ours and "imagePath" in content else None


def _size(content: dict) -> Size | None:
    height, width = content.get("imageHeight"), content.get("imageWidth")
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _image(content: dict, path: Path, index: ImageIndex) -> Path | bytes | None:
    """The file that is named, or one of the JSON's own name, or what the JSON holds itself."""
    named = index.find(str(content["imagePath"] or ""), near=path.parent)
    if named is not None:
        return named
    beside = (path.with_suffix(suffix) for suffix in SUFFIXES)
    own = next((image for image in beside if image.is_file()), None)
    if own is None and content.get("imageData"):
        return _base64(content["imageData"], path)
    return own


def _shape(entry: dict, path: Path) -> Shape:
    try:
        kind = str(entry.get("shape_type") or "polygon")
        points = [(float(x), float(y)) for x, y in entry["points"]]
        label = str(entry["label"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: a shape without label or points ({error!r})") from None
    if kind not in _POINTS or len(points) < _POINTS[kind]:
        raise UserError(
            f"{path}: found {kind} of {len(points)} points; shapes are {', '.join(_POINTS)}"
        )
    name = label if label == _IGNORE else class_name(label)
    if kind == "mask":
        pixels = _bitmap(entry.get("mask"), path)
        left, top = int(points[0][0]), int(points[0][1])
        height, width = pixels.shape
        return Shape(name, bitmap(pixels, left, top), (left, top, left + width, top + height))
    return Shape(name, _mask(kind, points), box_of(points))


def _mask(kind: str, points: list[Point]) -> Mask:
    if kind in ("line", "linestrip"):
        return line(points, _LINE_WIDTH)
    if kind == "rectangle":
        return rectangle(points[:2])
    if kind == "circle":
        radius = math.dist(points[0], points[1])
        return ellipse(points[0], (radius, radius))
    if kind == "point":
        return ellipse(points[0], (_POINT_RADIUS, _POINT_RADIUS))
    return polygon(points)


def _bitmap(data: object, path: Path) -> np.ndarray:
    """bool (H, W): what is not 0 in a PNG as base64."""
    try:
        with Image.open(io.BytesIO(_base64(data, path))) as image:
            return np.asarray(image.convert("L") if image.mode == "1" else image) > 0
    except (OSError, ValueError, SyntaxError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path}: a mask that cannot be read ({error})") from None


def _base64(data: object, path: Path) -> bytes:
    try:
        return base64.b64decode(str(data), validate=True)
    except binascii.Error as error:
        raise UserError(f"{path}: an image inside cannot be read ({error})") from None


def _classes(root: Path, shapes: Iterable[Shape]) -> tuple[SourceClass, ...]:
    file = next((p for p in (root / "labels.txt", root.parent / "labels.txt") if p.is_file()), None)
    if file is not None:
        names = [name if name == _IGNORE else class_name(name) for name in read_lines(file)]
    else:
        names = sorted({shape.name for shape in shapes})
    ordered = dict.fromkeys([BACKGROUND, *names])
    return tuple(SourceClass(name, void=name == _IGNORE) for name in ordered)
