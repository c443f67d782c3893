"""Label Studio's JSON export: brush strokes as RLE, polygons, rectangles and ellipses.

Regions are painted in their order, later over earlier, by Pillow's rule. Of several annotators of
one task the ground truth counts, else what was changed last; cancelled ones do not. What no region
covers is background. The export as PNG, a file for each region, does not say which image a file
belongs to, so the JSON export is read instead.
"""

import json
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.image_index import ImageIndex
from kerasseg.importing.labelme import split_of_folders
from kerasseg.importing.shapes import Mask, Shape, bitmap, box_of, ellipse, polygon
from kerasseg.importing.source import (
    BACKGROUND,
    Labelled,
    ShapesLabel,
    Size,
    Source,
    SourceClass,
    class_name,
)

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")  # what an upload puts before a file's name
_KINDS = {  # type of a region -> key of its classes
    "brushlabels": "brushlabels",
    "polygonlabels": "polygonlabels",
    "rectanglelabels": "rectanglelabels",
    "ellipselabels": "ellipselabels",
}


def read_label_studio(root: Path) -> Source:
    """Raises UserError if no JSON export with tasks and their annotations is there."""
    problems: list[str] = []
    tasks = _tasks(root, problems)
    index = ImageIndex(root)
    pairs: dict[Path, Labelled] = {}
    no_image: list[str] = []
    counted: Counter[str] = Counter()
    names: set[str] = set()
    for file, task in tasks:
        try:
            image = _image(task, file, index)
            results, others = _results(task)
            counted["other annotations of a task, left out"] += others
            regions = [region for r in results for region in _shapes(r, counted)]
        except UserError as error:
            problems.append(f"{file}: task {task.get('id')}: {error}")
            continue
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            problems.append(f"{file}: task {task.get('id')}: not as exported ({error!r})")
            continue
        if image is None:
            no_image.append(f"task {task.get('id')} ({file.name})")
            continue
        names |= {shape.name for shape, _ in regions}
        sizes = {size for _, size in regions}
        if len(sizes) > 1:
            problems.append(f"{file}: task {task.get('id')}: regions of several image sizes")
            continue
        name = image.relative_to(root).with_suffix("").as_posix()
        label = ShapesLabel([shape for shape, _ in regions], next(iter(sizes), None))
        pairs[image] = Labelled(name, image, label, split_of_folders(name), empty=not regions)
    return Source(
        classes=tuple(SourceClass(name) for name in [BACKGROUND, *sorted(names - {BACKGROUND})]),
        rest=BACKGROUND,
        pairs=tuple(sorted(pairs.values(), key=lambda pair: pair.name)),
        no_label=tuple(str(path) for path in index if path not in pairs and not _is_png(path)),
        no_image=tuple(no_image),
        problems=tuple(problems),
        notes=tuple(f"{what}: {n}" for what, n in counted.items() if n),
    )


def decode_rle(rle: bytes, *, expected: int | None = None) -> np.ndarray:
    """The values that Label Studio's RLE of bits holds: uint8, one for each channel of each pixel.

    32 bits of length, 5 of a value's width - 1, four times 4 of a length's width - 1; then runs: a
    bit that says whether one value is repeated or all follow, 2 that choose the length's width, the
    length - 1, the values. Raises ValueError if it is cut short, or if it has other than
    `expected` values.
    """
    bits = np.unpackbits(np.frombuffer(rle, np.uint8))
    place = 0

    def number(width: int) -> int:
        nonlocal place
        if place + width > len(bits):
            raise ValueError("RLE is cut short")
        value = int("0" + "".join("1" if bit else "0" for bit in bits[place : place + width]), 2)
        place += width
        return value

    total, width = number(32), number(5) + 1
    if expected not in (None, total):
        raise ValueError(f"RLE of {total} values, expected {expected}")
    if width > 8:
        raise ValueError(f"RLE of {width} bits a value, expected 8")
    widths = [number(4) + 1 for _ in range(4)]
    values = np.zeros(total, np.uint8)
    powers = 1 << np.arange(width)[::-1]
    done = 0
    while done < total:
        repeated = number(1)
        count = number(widths[number(2)]) + 1
        end = min(done + count, total)
        if repeated:
            values[done:end] = number(width)
        else:
            block = bits[place : place + count * width]
            if len(block) < count * width:
                raise ValueError("RLE is cut short")
            values[done:end] = (block.reshape(count, width) @ powers)[: end - done]
            place += count * width
        done = end
    return values


def _tasks(root: Path, problems: list[str]) -> list[tuple[Path, dict]]:
    tasks, plain = [], None
    for path in sorted([*root.glob("*.json"), *root.glob("*/*.json")]):
        try:
            with os_errors(path, "cannot be read"):
                content = json.loads(path.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as error:
            problems.append(f"{path}: cannot be read as JSON ({error})")
            continue
        entries = content if isinstance(content, list) else [content]
        if all(isinstance(entry, dict) and "annotations" in entry for entry in entries):
            tasks += [(path, entry) for entry in entries if "data" in entry]
        elif any(isinstance(entry, dict) and "annotator" in entry for entry in entries):
            plain = path
    if not tasks:
        if plain is not None:
            raise UserError(f"{plain}: exported as JSON-MIN; export as JSON")
        raise UserError(
            "\n".join(problems)
            or f"{root}: found no JSON export; PNG files alone do not say which image they belong "
            "to: export as JSON, and put it beside the images"
        )
    return tasks


def _image(task: dict, file: Path, index: ImageIndex) -> Path | None:
    """The image that one of the task's data means, uploaded, served from a folder or from afar."""
    for value in task["data"].values():
        if isinstance(value, str):
            path = unquote(value.rpartition("?d=")[2].partition("?")[0])
            folder, slash, name = path.rpartition("/")
            for candidate in (name, _UPLOADED.sub("", name)):
                if found := index.find(f"{folder}{slash}{candidate}", near=file.parent):
                    return found
    return None


def _results(task: dict) -> tuple[list[dict], int]:
    """The regions of the annotation that counts, and how many others there were."""
    valid = [entry for entry in task["annotations"] if not entry.get("was_cancelled")]
    if not valid:
        return [], 0

    def rank(entry: dict) -> tuple[bool, str, int]:
        return (
            bool(entry.get("ground_truth")),
            str(entry.get("updated_at") or ""),
            int(entry.get("id") or 0),
        )

    return max(valid, key=rank)["result"], len(valid) - 1


def _shapes(result: dict, counted: Counter[str]) -> list[tuple[Shape, Size]]:
    """The region as a shape for each of its classes, with the size of the image."""
    kind = str(result.get("type"))
    value: dict[str, Any] = result.get("value", {})
    names = value.get(_KINDS.get(kind, ""), [])
    if not names:
        if "original_width" in result:
            counted[f"regions of type {kind}, not drawn"] += 1
        return []
    size = int(result["original_height"]), int(result["original_width"])
    return [(Shape(class_name(name), *_mask(kind, value, size)), size) for name in names]


def _mask(
    kind: str, value: dict[str, Any], size: Size
) -> tuple[Mask, tuple[float, float, float, float] | None]:
    """The region and the box around it. Coordinates are in percent of the image."""
    height, width = size
    if kind == "brushlabels":
        return partial(_brush, bytes(list(value["rle"]))), None
    if kind == "polygonlabels":
        # 87.5 % of 8 is 7, which arithmetic may miss by an ulp, and a row with it.
        points = [
            (round(x * width / 100, 6), round(y * height / 100, 6)) for x, y in value["points"]
        ]
        return polygon(points), box_of(points)
    x, y = value["x"] / 100 * width, value["y"] / 100 * height
    degrees = value.get("rotation") or 0
    if kind == "ellipselabels":
        radii = value["radiusX"] / 100 * width, value["radiusY"] / 100 * height
        a, b = (max(radii), max(radii)) if degrees else radii
        return ellipse((x, y), radii, degrees), (x - a, y - b, x + a, y + b)
    across, down = value["width"] / 100 * width, value["height"] / 100 * height
    turn = np.deg2rad(degrees)  # clockwise as seen, about the upper left corner
    corners = [
        (x + a * np.cos(turn) - d * np.sin(turn), y + a * np.sin(turn) + d * np.cos(turn))
        for a, d in ((0, 0), (across, 0), (across, down), (0, down))
    ]
    return polygon(corners), box_of(corners)


def _brush(rle: bytes, size: Size) -> np.ndarray:
    """The pixels whose alpha is not 0. Raises UserError for RLE that does not fit."""
    try:
        values = decode_rle(rle, expected=size[0] * size[1] * 4)
    except ValueError as error:
        raise UserError(f"a brush stroke cannot be read ({error})") from None
    return bitmap(values.reshape(*size, 4)[..., 3] > 0, 0, 0)(size)


def _is_png(path: Path) -> bool:
    """Whether it is one of the PNG export, not an image."""
    return re.match(r"task-\d+-annotation-", path.name) is not None
