"""Files, folders and patterns to the images that are meant."""

import glob
from collections.abc import Sequence
from pathlib import Path

from kerasseg.data.image_file import SUFFIXES
from kerasseg.errors import UserError

RESULTS = ("labels", "overlay", "uncertainty")  # <name>_<this>.png


def find_images(given: Sequence[str], *, out: Path | None) -> tuple[Path, ...]:
    """The images that `given` names, each once, in that order; those of a folder sorted.

    given: files; folders, searched with all below them; patterns with `*`, `?`, `[…]` or `**`.
    In a folder, what is named like a result (`x_labels.png` beside an image `x`) is passed over,
    and so is whatever lies below `out`, if given. Raises UserError if one leads to no image.
    """
    unique: dict[Path, Path] = {}
    for text in given:
        paths = [Path(text)]
        if not paths[0].exists():
            paths = [Path(p) for p in sorted(glob.glob(text, recursive=True))]
            if not paths:
                what = "matches nothing" if glob.has_magic(text) else "no such file or directory"
                raise UserError(f"{text}: {what}")
        images = [image for path in paths for image in _images_at(path, out=out)]
        if not images:
            raise UserError(f"{text}: no image there ({' '.join(SUFFIXES)})")
        for image in images:
            unique.setdefault(image.resolve(), image)
    return tuple(unique.values())


def find_unused(given: Sequence[str], *, out: Path | None) -> tuple[Path, ...]:
    """The visible files in the folders that `given` names which `find_images` passes over because
    they are of another kind; each once, sorted. given, out: as there."""
    unused: dict[Path, Path] = {}
    for text in given:
        for folder in [Path(text)] if Path(text).exists() else glob.glob(text, recursive=True):
            for file in _files_below(Path(folder), out=out):
                hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
                if file.suffix.lower() not in SUFFIXES and not hidden:
                    unused.setdefault(file.resolve(), file)
    named = {Path(text).resolve() for text in given}
    return tuple(sorted(file for resolved, file in unused.items() if resolved not in named))


def _images_at(path: Path, *, out: Path | None) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in _files_below(path, out=out)
        if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")
    ]
    names = {file.with_suffix("") for file in files}
    return [file for file in files if not _is_result(file, names)]


def _files_below(folder: Path, *, out: Path | None) -> list[Path]:
    """Sorted, without those below `out`; none if `folder` is none."""
    skipped = out and out.resolve()
    if skipped and folder.resolve().is_relative_to(skipped):
        skipped = None  # the folder itself was asked for
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not (skipped and file.resolve().is_relative_to(skipped))
    ]


def _is_result(file: Path, names: set[Path]) -> bool:
    base, _, ending = file.stem.rpartition("_")
    return file.suffix == ".png" and ending in RESULTS and file.with_name(base) in names
