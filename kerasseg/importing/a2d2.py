"""A2D2: colour PNGs of the front camera and class_list.json, which names the colours.

    camera_lidar_semantic/DATE/camera/cam_front_center/DATE_camera_frontcenter_000000091.png
    camera_lidar_semantic/DATE/label/cam_front_center/DATE_label_frontcenter_000000091.png
    class_list.json: {"#ff0000": "Car 1", "#c80000": "Car 2", …}

The numbers tell the things of one image apart; as classes, Car 1 and Car 2 are Car.
"""

import json
import re
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.matching import Matches, keyed, match
from kerasseg.importing.source import MaskLabel, Source, SourceClass
from kerasseg.labels import Color

_LIST = "class_list.json"
_COLOR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")


def read_a2d2(root: Path) -> Source:
    """All cameras that have labels. Raises UserError without class_list.json or labels."""
    base = next(
        (path for path in (root, root / "camera_lidar_semantic") if (path / _LIST).is_file()), None
    )
    if base is None:
        raise UserError(f"{root}: found no {_LIST}")
    colors = _colors(base / _LIST)
    names: dict[int, str | None] = {
        red << 16 | green << 8 | blue: name for (red, green, blue), name in colors.items()
    }
    first: dict[str, Color] = {}
    for color, name in colors.items():
        first.setdefault(name, color)
    dates = [*base.glob("*/label"), *base.glob("camera_lidar_semantic/*/label")]
    if not dates:
        raise UserError(f"{base}: expected folders DATE/camera/ and DATE/label/")
    found = Matches()
    for labels in sorted(dates):
        date = labels.parent
        found += match(
            _same_names(date.name, keyed(date / "camera"), "_camera_"),
            _same_names(date.name, keyed(labels, suffixes=(".png",)), "_label_"),
            lambda path: MaskLabel(path, names, holds="colors"),
            split=lambda key: None,
        )
    classes = (SourceClass(name, color) for name, color in first.items())
    return found.source(classes, rest=None)


def _same_names(date: str, files: dict[str, Path], word: str) -> dict[str, Path]:
    """DATE/cam_front_center/DATE_frontcenter_000000091, of images and labels alike."""
    return {f"{date}/{key.replace(word, '_')}": path for key, path in files.items()}


def _colors(path: Path) -> dict[Color, str]:
    try:
        with os_errors(path, "cannot be read"):
            entries = json.loads(path.read_text(encoding="utf-8-sig")).items()
    except (ValueError, AttributeError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path}: expected colours and their classes ({error})") from None
    colors = {}
    for text, name in entries:
        hexadecimal = _COLOR.fullmatch(text)
        if not hexadecimal:
            raise UserError(f"{path}: found {text[:20]}, expected a colour such as #ff0000")
        red, green, blue = (int(part, 16) for part in hexadecimal.groups())
        colors[red, green, blue] = re.sub(r" \d+$", "", str(name))
    return colors
