"""Models from zips and addresses, unpacked once into a folder of the user that the hash names."""

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasseg.data.storage import is_address, sha256_of
from kerasseg.errors import UserError
from kerasseg.files import os_errors, temporary_folder
from kerasseg.hub import MAX_MIB
from kerasseg.hub.archive import unpack
from kerasseg.hub.download import TIMEOUT, check_address, download, shown_address

if sys.platform != "win32":
    import fcntl

VARIABLE = "KERASSEG_CACHE"
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def cache_folder() -> Path:
    """KERASSEG_CACHE, or `kerasseg` where the platform keeps caches of this user."""
    if named := os.environ.get(VARIABLE):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser() / "kerasseg"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/kerasseg").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "kerasseg"


def fetch(
    place: str,
    *,
    sha256: str | None,
    max_mib: int = MAX_MIB,
    check: Callable[[Path, str], None],
    say: Callable[[str], None] = lambda line: None,
    timeout: float = TIMEOUT,
) -> Path:
    """The folder that the zip at `place` unpacks to, below `cache_folder()`.

    What is there already is not fetched again; of several loads at once, one does it.
    place: path or address. sha256: of the zip; needed for an address. max_mib: of the zip, and of
    all that is in it. check: given the folder and `place` as messages show it, raises UserError if
    it is not what should be kept. say: takes a line before a download.
    timeout: see `download`.
    Raises UserError if the zip cannot be had, is another or is not harmless; nothing is left then.
    """
    limit = check_max_mib(max_mib) * 2**20
    remote = is_address(place)
    shown = shown_address(place) if remote else place
    if remote:
        check_address(place)
        if sha256 is None:
            raise UserError(
                f"{shown}: needs the sha256 of the file (--sha256): an address is read only if it "
                "is known what should be there"
            )
        digest = check_digest(sha256)
    else:
        digest = local_digest(Path(place), sha256=sha256, limit=limit)

    def bring(file: Path) -> None:
        if remote:
            say(f"downloading {shown}")
            download(place, file, sha256=digest, limit=limit, timeout=timeout)
        else:
            # A copy: what is unpacked has to be what the hash was taken of.
            shutil.copyfile(place, file)
            local_digest(file, sha256=digest)

    def unpacked(file: Path, folder: Path) -> Path:
        unpack(file, folder, limit=limit, called=shown)
        export = _without_wrapping(folder)
        check(export, shown)
        return export

    kept = cache_folder() / "models"
    target = kept / digest
    with os_errors(f"{kept} ({VARIABLE})", "cannot be written"):
        if not target.is_dir():
            kept.mkdir(parents=True, exist_ok=True)
            with _locked(kept / f".{digest}.lock"):
                if not target.is_dir():
                    _fill(target, bring, unpacked)
    return target


def check_max_mib(max_mib: int) -> int:
    """Raises UserError unless it is a whole number above 0."""
    if not isinstance(max_mib, int) or max_mib < 1:
        raise UserError(f"max_mib: found {max_mib!r}, allowed: integer >= 1")
    return max_mib


def check_digest(sha256: str) -> str:
    """In lower case. Raises UserError unless it has 64 hexadecimal digits."""
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise UserError(f"sha256: found {sha256!r}, allowed: 64 hexadecimal digits")
    return sha256.lower()


def local_digest(path: Path, *, sha256: str | None, limit: int | None = None) -> str:
    """The hash of a local file of at most `limit` bytes. Raises UserError if it is another."""
    expected = None if sha256 is None else check_digest(sha256)
    with os_errors(path, "cannot be read"):
        size = path.stat().st_size
        if limit is not None and size > limit:
            raise UserError(f"{path}: found {size} bytes, allowed: {limit} (max_mib)")
        digest = sha256_of(str(path))
    if expected not in (None, digest):
        raise UserError(f"{path}: found sha256 {digest}, allowed: {expected}")
    return digest


def _fill(
    target: Path, bring: Callable[[Path], None], unpacked: Callable[[Path, Path], Path]
) -> None:
    """Makes `target`, whole or not at all.

    bring: puts the zip at a path. unpacked: unpacks it into a folder and returns what to keep.
    """
    with temporary_folder(target.parent) as folder:
        file, scratch = folder / "archive.zip", folder / "unpacked"
        bring(file)
        scratch.mkdir()
        export = unpacked(file, scratch)
        with suppress(OSError):  # where nothing can be locked, somebody else may have been faster
            export.rename(target)
        if not target.is_dir():
            raise UserError(f"{target}: cannot be written")


def _without_wrapping(folder: Path) -> Path:
    """The one folder in it, as `zip -r NAME.zip NAME` makes it; otherwise the folder itself."""
    entries = list(folder.iterdir())
    alone = len(entries) == 1 and entries[0].is_dir() and not entries[0].name.isdecimal()
    return entries[0] if alone else folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Waits until nobody else, thread or process, holds `path`, a file that is gone at the end."""
    if sys.platform == "win32":
        yield
        return
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            with suppress(OSError):  # not every network file system has such locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Whoever had it has removed it: the next one makes, and locks, a new file.
            if not _is_still(path, descriptor):
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return
        finally:
            os.close(descriptor)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
