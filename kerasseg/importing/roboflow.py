"""Roboflow's "Semantic Segmentation Masks": train/, valid/, test/ with x.jpg beside x_mask.png.

`_classes.csv` in each has a line `Pixel Value, Class` for each class; the masks hold these values.
"""

import csv
from functools import partial
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.importing.matching import Matches, keyed, match
from kerasseg.importing.partition import split_of
from kerasseg.importing.source import BACKGROUND, MaskLabel, Source, SourceClass, class_name
from kerasseg.importing.voc import read_lines

_CSV = "_classes.csv"
_END = "_mask"


def read_roboflow(root: Path) -> Source:
    """Raises UserError if there is no `_classes.csv`, or it cannot be read."""
    folders = [path.parent for path in sorted([*root.glob(_CSV), *root.glob(f"*/{_CSV}")])]
    if not folders:
        raise UserError(f"{root}: found no {_CSV}, in it or one folder below")
    found = Matches()
    names: dict[str | None, None] = {}
    for folder in folders:
        values = _values(folder / _CSV)
        names |= dict.fromkeys(values.values())
        own = "" if folder == root else f"{folder.name}/"
        masks = keyed(folder, suffixes=(".png",), end=_END)
        images = keyed(folder)
        found += match(
            {own + key: path for key, path in images.items() if not key.endswith(_END)},
            {own + key: path for key, path in masks.items()},
            partial(MaskLabel, names=values),
            split=lambda key: split_of(key.rpartition("/")[0]),
        )
    rest = BACKGROUND if BACKGROUND in names else None
    return found.source((SourceClass(name) for name in names if name), rest=rest)


def _values(path: Path) -> dict[int, str | None]:
    values: dict[int, str | None] = {}
    for number, row in enumerate(csv.reader(read_lines(path), skipinitialspace=True), start=1):
        if len(row) >= 2 and row[0].strip().isdigit() and row[1].strip():
            values[int(row[0])] = class_name(row[1])
        elif number > 1:
            raise UserError(f"{path}: line {number} is {','.join(row)[:60]}, expected value, class")
    return values
