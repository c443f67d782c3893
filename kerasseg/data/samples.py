"""What a reader returns: which label file belongs to which image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from kerasseg.errors import UserError

Item = TypeVar("Item")


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
    """
    for path in folder.iterdir():
        name = path.name.lower()
        if name.endswith(suffixes) and not name.startswith(".") and path.is_file():
            yield path


def folder_or_error(folder: Path, what: str, hint: str = "") -> Path:
    """`folder`; UserError naming it and `what` it should be if it is not a directory."""
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "not found"
        raise UserError(f"{folder}: {state}; expected {what}{hint}")
    return folder


def checked_samples(samples: Sequence[Sample], *, where: Path, pattern: str) -> tuple[Sample, ...]:
    """`samples` sorted by name; UserError if there are none or one lacks its label file.

    where, pattern: where the images were looked for, for the message.
    """
    if not samples:
        raise UserError(f"{where}: no image found; expected {pattern}")
    missing = [sample for sample in samples if not sample.label.is_file()]
    if missing:
        first = min(missing, key=lambda sample: sample.name)
        more = f" (and {len(missing) - 1} more images without label)" if len(missing) > 1 else ""
        raise UserError(f"{first.image}: has no label; expected {first.label}{more}")
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
