"""The settings files that come with the project, in a checkout and in an installed package."""

import os
from pathlib import Path

from kerasseg.config.words import suggestion
from kerasseg.config.yaml_file import WANTED
from kerasseg.errors import UserError

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped_configs() -> dict[str, Path]:
    """Name -> file: `configs/` beside the package in a checkout, inside it once installed."""
    folders = (_PACKAGE / "configs", _PACKAGE.parent / "configs")
    folder = next((folder for folder in folders if folder.is_dir()), folders[0])
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_config(path: Path | str) -> Path:
    """The settings file at `path`, or the shipped one of that name; what exists wins.

    A folder of that name is no settings file, and does not win. Raises UserError if there is
    neither.
    """
    shipped = shipped_configs()
    if str(path) in shipped and (not os.path.exists(path) or os.path.isdir(path)):
        return shipped[str(path)]
    if not os.path.exists(path):
        raise UserError(
            f"{path}: no such file, allowed: {WANTED} or one of {', '.join(shipped)}"
            f"{suggestion(Path(path).stem, shipped)}"
        )
    return Path(path)
