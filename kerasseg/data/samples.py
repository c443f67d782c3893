"""What a reader returns: which label file belongs to which image."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from kerasseg.errors import UserError

Item = TypeVar("Item")
_OTHER_KINDS = (".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".avif", ".jp2", ".ppm", ".pgm")


@dataclass(frozen=True)
class Packed:
    """Where the pixels of a packed sample lie (see `kerasseg.data.packed.format`).

    shard: path or address. offset: of the image's first byte. height, width: pixels.
    companions: (end of the name, offset, bytes) of each file that was packed along.
    """

    shard: str
    offset: int
    height: int
    width: int
    companions: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class Sample:
    """One image with its label. name: unique within a split, and what readers sort by.

    packed: None where image and label are files; else these two only tell where it is.
    """

    name: str
    image: Path
    label: Path
    packed: Packed | None = None


def visible_files(folder: Path, *suffixes: str) -> Iterator[Path]:
    """Files in `folder` whose lower-case name ends in one of `suffixes`, unsorted.

    Names that start with a dot are skipped: macOS leaves a "._x.png" beside every "x.png".
    Raises UserError for a link to nothing.
    """
    for path in folder.iterdir():
        name = path.name.lower()
        if name.endswith(suffixes) and not name.startswith("."):
            refuse_dangling_link(path)
            if path.is_file():
                yield path


def refuse_dangling_link(path: Path) -> None:
    """Raises UserError if `path` is a link that leads nowhere."""
    if path.is_symlink() and not path.exists():
        raise UserError(f"{path}: a link to {os.readlink(path)}, which does not exist")


def near_miss(
    folder: Path, stem: str, *, is_label: bool = False, besides: Path | None = None
) -> str:
    """How a file in `folder` that is named nearly as `stem` is shown: "; 0001_L.png lies there".

    is_label: a label is missing, not an image. besides: a file that is not meant. "" if there is
    none.
    """
    try:
        names = sorted(os.listdir(folder), key=lambda name: (len(name), name))
    except OSError:
        return ""
    own = stem.casefold()
    for name in names:
        name_here = name.casefold()
        rest = name_here.removeprefix(own)
        if folder / name == besides:
            continue
        if not name.startswith(".") and name_here.startswith(own) and not rest[:1].isalnum():
            return f"; {name} lies there{_not_read(name, is_label)}"
    return ""


def _not_read(name: str, is_label: bool) -> str:
    """Why a file of that name is not read, if its suffix tells."""
    suffix = os.path.splitext(name)[1].lower()
    if is_label and suffix in (".jpg", ".jpeg"):
        return ": JPEG changes the values of labels; save them as PNG, not by way of JPEG"
    if suffix in _OTHER_KINDS:
        wanted = "labels are PNG" if is_label else "images are PNG or JPEG"
        return f": {wanted}; convert it"
    return ""


def _found(folder: Path) -> str:
    """What lies in `folder` instead of what is missing there, or ""."""
    names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"; found: {names[0]}{more}{_not_read(names[0], False)}" if names else ""


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def folder_or_error(folder: Path, what: str, hint: str = "") -> Path:
    """`folder`; UserError naming it and `what` it should be if it is not a directory."""
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "not found"
        raise UserError(f"{folder}: {state}; expected {what}{hint}")
    return folder


def checked_samples(samples: Sequence[Sample], *, where: Path, pattern: str) -> tuple[Sample, ...]:
    """`samples` sorted by name; UserError if there are none or one lacks its label file.

    where, pattern: where the images were looked for, for the message. Names have to be UTF-8,
    which TensorFlow reads files by.
    """
    if not samples:
        raise UserError(f"{where}: no image found; expected {pattern}{_found(where)}")
    for sample in samples:
        for path in (sample.image, sample.label):
            if not _is_utf8(path):
                shown = os.fsencode(path).decode("utf-8", "backslashreplace")
                raise UserError(f"{shown}: the name is not UTF-8; rename it")
    missing = [sample for sample in samples if not sample.label.is_file()]
    if missing:
        first = min(missing, key=lambda sample: sample.name)
        more = f" (and {len(missing) - 1} more images without label)" if len(missing) > 1 else ""
        near = near_miss(first.label.parent, first.label.stem, is_label=True)
        raise UserError(f"{first.image}: has no label; expected {first.label}{near}{more}")
    ordered = sorted(samples, key=lambda sample: sample.name)
    for one, two in pairwise(ordered):
        if one.name == two.name:
            raise UserError(f"{two.image}: has the same name as {one.image}; rename one of them")
    return tuple(ordered)


def take_evenly(
    items: Sequence[Item], count: int | None, *, with_last: bool = False
) -> tuple[Item, ...]:
    """`count` of the items, evenly spaced over their order; all if None or not that many.

    The first `count` samples would be one city or one drive of the whole. with_last: from the
    first item to the last; otherwise the first of each of `count` equal parts.
    """
    total = len(items)
    if count is None or count >= total:
        return tuple(items)
    if with_last and count > 1:
        step = (total - 1) / (count - 1)
        return (*(items[int(i * step)] for i in range(count - 1)), items[-1])
    return tuple(items[i * total // count] for i in range(count))
