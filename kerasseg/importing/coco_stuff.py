"""COCO-Stuff's PNGs: stuffthingmaps/train2017/x.png with the photos of COCO.

A pixel is the category's id - 1, and 255 is void. Names are those of labels.txt (`1: person`), as
COCO-Stuff has it, or of the categories of JSON files in annotations/.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.importing.image_index import ImageIndex
from kerasseg.importing.matching import keyed, match
from kerasseg.importing.partition import split_of
from kerasseg.importing.source import MaskLabel, Source, SourceClass, class_name
from kerasseg.importing.supervisely import read_object
from kerasseg.importing.voc import read_lines
from kerasseg.labels import VOID

_FOLDER = "stuffthingmaps"
_LINE = re.compile(r"(\d+)\s*:\s*(.+)")


def read_coco_stuff(root: Path) -> Source:
    """Raises UserError if PNGs or the names of their values are missing."""
    masks = keyed(root / _FOLDER, suffixes=(".png",))
    if not masks:
        raise UserError(f"{root}: expected {_FOLDER}/ with PNG files")
    names = dict(sorted(_names(root)))
    if not names:
        raise UserError(
            f"{root}: the names of {_FOLDER}/ are missing; expected labels.txt of COCO-Stuff (1: "
            "person), or annotations/*.json of COCO with categories"
        )
    values: dict[int, str | None] = {VOID: None}
    values |= {number - 1: name for number, name in names.items() if 1 <= number <= VOID}
    # Those of train2017/x.jpg and of images/train2017/x.jpg alike.
    images = {
        "/".join((*path.relative_to(root).parts[:-1][-1:], path.stem)): path
        for path in ImageIndex(root)
        if _FOLDER not in path.relative_to(root).parts
    }
    found = match(
        images,
        masks,
        lambda path: MaskLabel(path, values),
        split=lambda key: split_of(key.rpartition("/")[0]),
    )
    classes = dict.fromkeys(name for number, name in names.items() if number)
    return found.source(map(SourceClass, classes), rest=None)


def _names(root: Path) -> Iterator[tuple[int, str]]:
    """(category id, name) of the file that knows them."""
    text = root / "labels.txt"
    if text.is_file():
        lines = map(_LINE.fullmatch, read_lines(text))
        yield from ((int(line[1]), class_name(line[2])) for line in lines if line)
        return
    for path in sorted((root / "annotations").glob("*.json")):
        for entry in read_object(path).get("categories", []):
            if isinstance(entry, dict) and isinstance(entry.get("id"), int):
                yield entry["id"], class_name(entry.get("name"))
