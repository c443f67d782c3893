"""Pieces of files, by path or by address: local, gs:// through TensorFlow, others by fsspec.

Nothing is kept open between two calls, so that any thread or process may read anywhere.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from kerasseg.errors import UserError

Answer = TypeVar("Answer")
_CHUNK = 8 * 2**20  # bytes
_TENSORFLOWS = ("gs", "ram")  # ram:// is for tests
_scratch = threading.local()


def is_address(place: str) -> bool:
    """Whether `place` is such as gs://bucket/folder, and no path."""
    return "://" in place


def join(folder: str, name: str) -> str:
    """Path or address of `name` in `folder`."""
    return f"{folder.rstrip('/')}/{name}" if is_address(folder) else os.path.join(folder, name)


def read_range(place: str, offset: int, length: int) -> np.ndarray:
    """`length` bytes from `offset` on, uint8 (length,). Raises OSError if there are fewer."""
    return borrow_range(place, offset, length).copy()


def borrow_range(place: str, offset: int, length: int) -> np.ndarray:
    """Like `read_range`, but the bytes are good only until the next call in this thread.

    Fresh memory for each piece would cost several times the reading: a page fault every 4 KiB.
    """
    if not is_address(place):
        return _read_local(place, offset, length)
    if _scheme(place) in _TENSORFLOWS:
        with _gfile().GFile(place, "rb") as file:
            file.seek(offset)
            data = file.read(length)
    else:
        system, path = _file_system(place)
        data = system.cat_file(path, start=offset, end=offset + length)
    if len(data) != length:
        raise _too_short(place, offset + len(data))
    return np.frombuffer(data, np.uint8)


def _read_local(path: str, offset: int, length: int) -> np.ndarray:
    kept: np.ndarray | None = getattr(_scratch, "kept", None)
    if kept is None or kept.size < length:
        kept = _scratch.kept = np.empty(length, np.uint8)
    data = kept[:length]
    view, done = data.data, 0
    file = os.open(path, os.O_RDONLY)
    try:
        while done < length:
            got = os.preadv(file, [view[done:]], offset + done)
            if got == 0:
                raise _too_short(path, offset + done)
            done += got
    finally:
        os.close(file)
    return data


def stamp(place: str) -> list:
    """[bytes, and what else tells a changed file]. Raises OSError, also if there is none."""
    if not is_address(place):
        status = os.stat(place)
        return [status.st_size, status.st_mtime_ns]
    if _scheme(place) in _TENSORFLOWS:
        status = _remote(place, lambda: _gfile().stat(place))
        return [int(status.length), int(status.mtime_nsec)]
    system, path = _file_system(place)
    status = _remote(place, lambda: system.info(path))
    if status.get("size") is None:
        raise OSError(None, "its store does not tell its size", place)
    known = (status.get(key) for key in ("ETag", "etag", "md5Hash", "mtime", "LastModified"))
    return [int(status["size"]), *(str(value) for value in known if value is not None)]


def file_stamp(path: Path) -> list:
    """[where a local file is, bytes, time of change in ns], for `json.dumps`. Raises OSError."""
    status = path.stat()
    return [str(path.resolve()), status.st_size, status.st_mtime_ns]


def read_text(place: str) -> str:
    """A whole UTF-8 file. Raises OSError, and UnicodeDecodeError (a ValueError)."""
    if not is_address(place):
        return Path(place).read_text(encoding="utf-8")
    data = _remote(place, lambda: read_range(place, 0, stamp(place)[0]))
    return data.tobytes().decode("utf-8")


def sha256_of(place: str) -> str:
    """Of the whole file, in hexadecimal digits; 8 MiB are in memory. Raises OSError."""
    digest = hashlib.sha256()
    for piece in pieces(place):
        digest.update(piece.data)
    return digest.hexdigest()


def pieces(place: str, length: int = _CHUNK) -> Iterator[np.ndarray]:
    """The whole file, uint8 (length,) at a time, the last one shorter; each good until the next.

    As many bytes as it had at the start. Raises OSError.
    """
    size = stamp(place)[0]
    for start in range(0, size, length):
        yield _remote(place, partial(borrow_range, place, start, min(length, size - start)))


def _remote(place: str, call: Callable[[], Answer]) -> Answer:
    """What `call` returns; whatever a library of a store raises becomes an OSError."""
    try:
        return call()
    except (OSError, UserError):
        raise
    except Exception as error:  # each store has errors of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise OSError(None, reason, place) from error


def _too_short(place: str, end: int) -> OSError:
    return OSError(None, f"ends at byte {end}", place)


def _scheme(place: str) -> str:
    return place.partition("://")[0]


def _gfile() -> Any:
    from kerasseg.backend import load_tensorflow

    load_tensorflow()
    import tensorflow as tf

    return tf.io.gfile


def _file_system(place: str) -> tuple[Any, str]:
    """(fsspec's file system, the path in it). Raises UserError if fsspec cannot do it."""
    try:
        import fsspec
    except ImportError:
        raise UserError(
            f"{place}: reading from {_scheme(place)}:// needs fsspec "
            "(pip install fsspec, and its package for that store)"
        ) from None
    try:
        return fsspec.core.url_to_fs(place)
    except (ImportError, ValueError) as error:
        raise UserError(f"{place}: {str(error).splitlines()[0]}") from None
