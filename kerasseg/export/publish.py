"""Where an export is put: a new version directory that appears as a whole, or not at all."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.export.formats import FORMATS
from kerasseg.files import temporary_folder, writing

LATEST = "latest"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # such errors do not name the file
# What is linked at the top of an export, of whichever version is the newest.
FILES = (
    *(file for kind in FORMATS.values() for file in kind.files),
    "labels.json",
    "parity.json",
    "README.md",
)


def versions(out: Path) -> list[int]:
    """Numbers of the versions below `out`, ascending."""
    if not out.is_dir():
        return []
    return sorted(int(p.name) for p in out.iterdir() if p.name.isdigit() and p.is_dir())


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A folder inside `out` to build a version in; what is left of it is removed at the end.

    Raises UserError if `out` cannot be a folder of exports, or its disk is full.
    """
    made = not out.exists()
    try:
        with temporary_folder(out) as folder:
            folder.chmod(0o755)  # a server may run as somebody else
            yield folder
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise UserError(f"{out}: cannot be written ({error.strerror})") from error
    finally:
        if made and out.is_dir() and not any(out.iterdir()):
            out.rmdir()


def publish(staged: Path, out: Path) -> Path:
    """Renames the staged folder to the next version, then points `latest` and the files to it.

    Both steps are atomic. A kill between them leaves the new version complete in its own
    directory, and the names at the top at the one before.
    """
    number = (versions(out) or [0])[-1] + 1
    while True:
        target = out / str(number)
        try:
            staged.rename(target)
            break
        except OSError:  # somebody else was faster
            if not target.exists():
                raise
            number += 1
    _link(out / LATEST, target.name)
    for name in FILES:
        if (target / name).exists():
            _link(out / name, f"{LATEST}/{name}")
        elif (out / name).is_symlink():
            (out / name).unlink()
    return target


def _link(path: Path, target: str) -> None:
    with writing(path) as temporary:
        temporary.symlink_to(target)
