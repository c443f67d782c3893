"""Ultralytics: images/train with masks/train (PNG, 255 is void) or labels/train (polygons as text).

A line of text is a class and x y x y … in parts of width and height. Polygons are cut to whole
pixels and filled with their outline; a small one lies over a large one, as Ultralytics draws them.
What no polygon covers is background. Also with the split first (train/images, train/labels).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from kerasseg.config.yaml_file import read_yaml
from kerasseg.errors import UserError
from kerasseg.importing.matching import Matches, keyed, match
from kerasseg.importing.partition import split_of
from kerasseg.importing.shapes import Point, Shape, polygon
from kerasseg.importing.source import (
    BACKGROUND,
    Label,
    MaskLabel,
    ShapesLabel,
    Size,
    Source,
    SourceClass,
    class_name,
)
from kerasseg.importing.voc import read_lines
from kerasseg.labels import VOID

_FARTHEST = 100  # times the side of the image


def read_ultralytics(root: Path) -> Source:
    """Raises UserError if there is no YAML with `names`, or no labels."""
    names = _names(root)
    by_value: dict[int, str | None] = {**names, VOID: None}
    boxes: list[str] = []
    found = Matches()
    masks = False
    for images in sorted(path for path in root.glob("**/images") if path.is_dir()):
        read: Callable[[Path], Label] = partial(MaskLabel, names=by_value)
        labels = keyed(images.parent / "masks", suffixes=(".png",))
        masks = masks or bool(labels)
        if not labels:
            read = partial(_polygons, names=names, boxes=boxes)
            labels = keyed(images.parent / "labels", suffixes=(".txt",))
        above = images.parent.relative_to(root).as_posix()
        own = "" if above == "." else f"{above}/"
        found += match(
            {own + key: path for key, path in keyed(images).items()},
            {own + key: path for key, path in labels.items()},
            read,
            split=lambda key: split_of(key.rpartition("/")[0]),
        )
    if not found.pairs and not found.problems:
        raise UserError(f"{root}: expected images/train/ with masks/train/ or labels/train/")
    classes = dict.fromkeys(names.values() if masks else [BACKGROUND, *names.values()])
    return found.source(
        map(SourceClass, classes),
        rest=BACKGROUND if BACKGROUND in classes else None,
        notes=(f"boxes, not drawn: {len(boxes)}, such as in {boxes[0]}",) if boxes else (),
    )


def _names(root: Path) -> dict[int, str]:
    """Class number -> name, of the first YAML file that has `names`, a list or a mapping."""
    for path in sorted([*root.glob("*.yaml"), *root.glob("*.yml")]):
        content = read_yaml(path).value
        names = content.get("names") if isinstance(content, dict) else None
        if isinstance(names, list):
            names = dict(enumerate(names))
        if isinstance(names, dict) and all(isinstance(number, int) for number in names):
            return {number: class_name(name) for number, name in sorted(names.items())}
    raise UserError(f"{root}: found no YAML file with `names`, the list of classes")


def _polygons(path: Path, *, names: dict[int, str], boxes: list[str]) -> ShapesLabel:
    """boxes: grows by `path` for each line that is a box."""
    found = []
    for number, line in enumerate(read_lines(path), start=1):
        try:
            index, *values = line.split()
            coordinates = np.array(values, np.float64)
            name = names.get(int(index), f"class {int(index)}")
        except ValueError:
            raise UserError(
                f"{path}: line {number} is {line[:60]}, expected a class and x y x y …"
            ) from None
        if not (np.abs(coordinates) <= _FARTHEST).all():
            raise UserError(f"{path}: line {number} has coordinates far outside of 0 to 1")
        if len(coordinates) == 4:
            boxes.append(str(path))
        elif len(coordinates) < 6 or len(coordinates) % 2:
            raise UserError(
                f"{path}: line {number} has {len(coordinates)} coordinates, expected x y of three "
                "points or more"
            )
        else:
            x, y = points = coordinates.reshape(-1, 2).T
            area = abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2
            found.append((area, Shape(name, partial(_filled, list(zip(*points, strict=True))))))
    found.sort(key=lambda entry: -entry[0])
    return ShapesLabel([shape for _, shape in found])


def _filled(points: list[Point], size: Size) -> np.ndarray:
    height, width = size
    return polygon([(int(x * width), int(y * height)) for x, y in points])(size)
