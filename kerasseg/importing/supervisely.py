"""Supervisely: meta.json with the classes, DATASET/img/x.jpg, DATASET/ann/x.jpg.json.

Objects are painted in their order, later over earlier: polygons with holes (Pillow's rule, a hole
takes away its outline), bitmaps (base64 of a zlib PNG, with its origin), rectangles and lines. What
none covers is background. A dataset named train or val is that split; so is an image's tag.
"""

import base64
import binascii
import io
import json
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.image_index import ImageIndex
from kerasseg.importing.labelme import split_of_folders
from kerasseg.importing.partition import split_of
from kerasseg.importing.shapes import Point, Shape, bitmap, box_of, line, polygon, rectangle
from kerasseg.importing.source import (
    BACKGROUND,
    Labelled,
    ShapesLabel,
    Source,
    SourceClass,
    class_name,
)
from kerasseg.labels import Color


def read_supervisely(root: Path) -> Source:
    """Raises UserError if meta.json or the annotations are missing."""
    classes = _classes(root / "meta.json")
    index = ImageIndex(root)
    pairs: list[Labelled] = []
    problems: list[str] = []
    no_image: list[str] = []
    not_drawn: Counter[str] = Counter()
    annotations = sorted(root.glob("**/ann/*.json"))
    if not annotations:
        raise UserError(f"{root}: expected DATASET/ann/ with a JSON file for each image")
    used = set()
    for path in annotations:
        image = path.parent.parent / "img" / path.stem
        if image not in index.by_name.get(path.stem, ()):
            no_image.append(str(path))
            continue
        used.add(image)
        try:
            content = read_object(path)
            shapes = [shape for o in content["objects"] for shape in _shapes(o, not_drawn)]
            size = int(content["size"]["height"]), int(content["size"]["width"])
            name = image.relative_to(root).with_suffix("").as_posix().replace("/img/", "/")
            split = split_of_folders(name) or _tag_split(content)
        except UserError as error:
            problems.append(str(error))
            continue
        except (LookupError, TypeError, ValueError, AttributeError, zlib.error, OSError) as error:
            problems.append(f"{path}: not an annotation of Supervisely ({error!r})")
            continue
        pairs.append(
            Labelled(name, image, ShapesLabel(shapes, size), split, empty=not content["objects"])
        )
    return Source(
        classes=classes,
        rest=BACKGROUND,
        pairs=tuple(pairs),
        no_label=tuple(str(path) for path in index if path not in used),
        no_image=tuple(no_image),
        problems=tuple(problems),
        notes=tuple(f"objects of type {kind}, not drawn: {n}" for kind, n in not_drawn.items()),
    )


def read_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds. Raises UserError."""
    try:
        with os_errors(path, "cannot be read"):
            content = json.loads(path.read_text(encoding="utf-8-sig"))
    except UserError:
        raise
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a JSON object")
    return content


def hex_color(text: object) -> Color | None:
    """`#ff0000` as RGB; None for what is no colour."""
    try:
        red, green, blue = bytes.fromhex(str(text).removeprefix("#"))
    except ValueError:
        return None
    return red, green, blue


def _classes(path: Path) -> tuple[SourceClass, ...]:
    content = read_object(path)
    try:
        found = {class_name(e["title"]): hex_color(e.get("color")) for e in content["classes"]}
    except (LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: expected classes with title and color ({error!r})") from None
    colors: dict[str, Color | None] = {BACKGROUND: None}
    return tuple(SourceClass(name, color) for name, color in (colors | found).items())


def _shapes(entry: dict, not_drawn: Counter[str]) -> list[Shape]:
    """One shape, or none for a kind that has no area."""
    name, kind = class_name(entry["classTitle"]), entry["geometryType"]
    if kind == "bitmap":
        pixels = _bitmap(entry["bitmap"]["data"])
        left, top = (int(value) for value in entry["bitmap"]["origin"])
        height, width = pixels.shape
        return [Shape(name, bitmap(pixels, left, top), (left, top, left + width, top + height))]
    if kind not in ("polygon", "rectangle", "line"):
        not_drawn[str(kind)] += 1
        return []
    exterior = _points(entry["points"]["exterior"], fewest=3 if kind == "polygon" else 2)
    if kind == "polygon":
        holes = [_points(hole, fewest=3) for hole in entry["points"].get("interior", [])]
        mask = polygon(exterior, holes)
    else:
        mask = rectangle(exterior) if kind == "rectangle" else line(exterior, 1)
    return [Shape(name, mask, box_of(exterior))]


def _points(values: list, *, fewest: int) -> list[Point]:
    if len(values) < fewest:
        raise ValueError(f"{len(values)} points, expected {fewest} or more")
    return [(float(x), float(y)) for x, y in values]


def _bitmap(data: str) -> np.ndarray:
    """bool (H, W): alpha if there is any, else what is not 0."""
    try:
        png = zlib.decompress(base64.b64decode(data))
    except binascii.Error as error:
        raise ValueError(error) from None
    with Image.open(io.BytesIO(png)) as image:
        if image.mode in ("RGBA", "LA"):
            return np.asarray(image.getchannel("A")) > 0
        return np.asarray(image) > 0


def _tag_split(content: dict) -> str | None:
    names = (str(tag["name"]) for tag in content.get("tags", []))
    return next((split for split in map(split_of, names) if split), None)
