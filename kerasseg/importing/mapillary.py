"""Mapillary Vistas: {training,validation}/images with labels/ of the newest version that is there.

    config_v2.0.json  training/images/x.jpg  training/v2.0/labels/x.png

The PNGs hold places in the config's list of labels. Those that are not evaluated are void.
"""

import json
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.files import os_errors
from kerasseg.importing.matching import Matches, keyed, match
from kerasseg.importing.partition import split_of
from kerasseg.importing.source import MaskLabel, Source, SourceClass

_VERSIONS = "v2.0", "v1.2", ""  # of the first release labels/ lies beside images/


def read_mapillary(root: Path) -> Source:
    """Raises UserError if labels or their config are missing."""
    folders = sorted(path.parent for path in root.glob("*/images"))
    for version in _VERSIONS:
        if any((folder / version / "labels").is_dir() for folder in folders):
            break
    else:
        raise UserError(f"{root}: expected training/images/ and training/v2.0/labels/")
    classes = _classes(root / f"config_{version}.json" if version else root / "config.json")
    names = {number: None if c.void else c.name for number, c in enumerate(classes)}
    found = Matches()
    for folder in folders:
        masks = keyed(folder / version / "labels", suffixes=(".png",))
        split = split_of(folder.name)
        found += match(
            keyed(folder / "images"),
            masks,
            lambda path: MaskLabel(path, names),
            split=lambda key, split=split: split,  # type: ignore[misc]
        )
    return found.source(classes, rest=None)


def _classes(path: Path) -> tuple[SourceClass, ...]:
    try:
        with os_errors(path, "cannot be read"):
            labels = json.loads(path.read_text(encoding="utf-8-sig"))["labels"]
        return tuple(
            SourceClass(
                str(entry["name"]),
                (int(entry["color"][0]), int(entry["color"][1]), int(entry["color"][2])),
                void=not entry.get("evaluate", True),
            )
            for entry in labels
        )
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UserError(f"{path}: not a config of Mapillary Vistas ({error!r})") from None
