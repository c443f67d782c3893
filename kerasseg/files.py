"""Files and folders that appear whole or not at all.

What is being written stands in the folder of its target as `.kerasseg-HOST-PID-RANDOM.tmp` until it
is complete. The dot keeps it out of every search for data; the process id tells what a killed
process left behind from what another one is still writing. HOST is a hash of the machine's name: of
a process on another machine, which shares the folder, nobody here can tell whether it lives.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kerasseg.errors import UserError

_NAME = re.compile(r"\.kerasseg-(?:([0-9a-f]{8})-)?(\d{1,9})-[0-9a-f]{8}\.tmp(\.\w+)?")
_DAY = 24 * 60 * 60  # seconds
_in_use: set[str] = set()  # names that this process is writing under


def is_plain_name(name: object) -> bool:
    """Whether `name` is text that names one entry of a folder: no separator, no `..`, no NUL.

    For names that were read from a file and become part of a path.
    """
    return isinstance(name, str) and name not in ("", ".", "..") and not set("/\\\0") & set(name)


@contextmanager
def writing(
    path: Path,
    *,
    called: str | None = None,
    durable: bool = False,
    make_folder: bool = False,
    ending: str = "",
) -> Iterator[Path]:
    """Yields the temporary path to write to; at the end, without an exception, it becomes `path`.

    Otherwise it is removed, and what was at `path` stays as it was. Several of them in one
    `ExitStack` are all written before the first is renamed.
    called: names the file in messages, by default `path`. durable: once it is there, not even a
    power cut takes it away. make_folder: makes the folder of `path` if need be. ending: of the
    temporary name, for writers that go by it. Raises UserError if `path` cannot be written; an
    OSError about another file passes.
    """
    path = Path(path)
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_name(path.parent, ending) as temporary:
            yield temporary
            if durable:
                _sync(temporary)
            os.replace(temporary, path)
            if durable:
                with suppress(OSError):  # not every network file system syncs folders
                    _sync(path.parent)
    except OSError as error:
        if not _is_about(error, path):
            raise
        raise _user_error(called or path, "cannot be written", error) from error


@contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Yields a new folder inside `parent` to fill and then rename; what is left is removed.

    `parent` is made if need be, and what killed processes left in it is cleared away. Raises
    UserError if there can be no such folder.
    """
    parent = Path(parent)
    with _temporary_name(parent) as folder:
        with os_errors(parent, "cannot be written to"):
            parent.mkdir(parents=True, exist_ok=True)
            clear_leftovers(parent)
            folder.mkdir()
        yield folder


def write_text(path: Path, text: str, **options: Any) -> None:
    """Writes UTF-8. options: of `writing`."""
    with writing(path, **options) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path: Path, document: object, *, indent: int | None = 2, **options: Any) -> None:
    """Writes `document` as JSON with a line break at the end. options: of `writing`."""
    write_text(path, json.dumps(document, indent=indent) + "\n", **options)


@contextmanager
def os_errors(what: object, problem: str) -> Iterator[None]:
    """Turns an OSError into a UserError: "`what`: `problem` (reason)".

    what: the file or the option; None: the file that the error names. problem: such as "cannot be
    read".
    """
    try:
        yield
    except OSError as error:
        raise _user_error(what or error.filename, problem, error) from error


def is_temporary(path: Path) -> bool:
    """Whether `path` is, by its name, something unfinished of this or another process."""
    return _NAME.fullmatch(path.name) is not None


def clear_leftovers(folder: Path) -> None:
    """Removes what killed processes left in `folder`; what is still being written stays.

    What another machine wrote counts as left behind once it has been untouched for a day.
    """
    for path in list(folder.glob(".kerasseg-*")):
        name = _NAME.fullmatch(path.name)
        # Earlier versions left out the machine.
        foreign = name is not None and name[1] not in (None, _host())
        if name and not (_is_recent(path) if foreign else _is_being_written(path, int(name[2]))):
            _remove(path)


@contextmanager
def _temporary_name(folder: Path, ending: str = "") -> Iterator[Path]:
    """A free path in `folder`; what stands there at the end is removed."""
    path = folder / f".kerasseg-{_host()}-{os.getpid()}-{secrets.token_hex(4)}.tmp{ending}"
    _in_use.add(path.name)
    try:
        yield path
    finally:
        _remove(path)
        _in_use.discard(path.name)


def _host() -> str:
    """This machine, in 8 hexadecimal digits."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _is_recent(path: Path) -> bool:
    with suppress(OSError):
        return time.time() - path.lstat().st_mtime < _DAY
    return False


def _is_being_written(path: Path, process: int) -> bool:
    # In a container the killed process often had the number that this one has.
    if process == os.getpid():
        return path.name in _in_use
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        pass
    return True


def _is_about(error: OSError, path: Path) -> bool:
    """Whether writing `path` failed; what its writer reads and prints may fail, too."""
    if isinstance(error, BrokenPipeError):
        return False
    if not isinstance(error.filename, str):  # as of all failures after the file was opened
        return True
    named = Path(error.filename)
    return is_temporary(named) or named in (path, *path.parents)


def _user_error(what: object, problem: str, error: OSError) -> UserError:
    return UserError(f"{what}: {problem} ({error.strerror or error})")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _sync(path: Path) -> None:
    """Waits until the file, or the names in the folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
