"""A model as one `.zip`: written the same byte for byte, unpacked only if all of it is harmless."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from kerasseg.errors import UserError
from kerasseg.files import is_plain_name, writing

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
_PIECE = 2**20  # bytes
_DIRECTORY = 2**20  # bytes: some ten thousand files; an export has about twenty
_END, _END_SIZE = b"PK\x05\x06", 22  # of the central directory, without a comment
_ZIP64, _ZIP64_SIZE = b"PK\x06\x07", 20  # stands before it
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 1  # bit of the flags
# What zipfile and zlib raise for a file that is damaged, or was made to be.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def write_archive(folder: Path, path: Path) -> None:
    """Packs all files below `folder` into the zip `path`: the same files give the same bytes.

    Their names are sorted, and dates and permissions left out. They are stored as they are:
    weights hardly compress, and what zlib makes of them depends on its version. Raises UserError
    if `path` cannot be written.
    """
    files = sorted(
        (file.relative_to(folder).as_posix(), file) for file in folder.rglob("*") if file.is_file()
    )
    with writing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, file in files:
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3  # Unix, wherever it is written
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            with file.open("rb") as source, archive.open(entry, "w", force_zip64=False) as target:
                while piece := source.read(_PIECE):
                    target.write(piece)


def unpack(path: Path, folder: Path, *, limit: int, called: str) -> None:
    """Unpacks the zip `path` into `folder`, which is empty.

    limit: bytes of all files together. called: the zip in messages.
    Raises UserError, naming the entry, for anything but plain files with plain names: absolute
    names, `..`, links, devices, encryption, two entries of one name; and for more than `limit`.
    No entry is written before all have been looked at.
    """
    try:
        with path.open("rb") as file:
            _check_directory(file, called)
            with zipfile.ZipFile(file) as archive:
                entries = _checked(archive.infolist(), limit, called)
                for name, entry in entries.items():
                    _extract(archive, entry, folder / name)
    except UserError:
        raise
    except _DAMAGED as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{called}: not a zip file that can be read ({reason})") from None


def _check_directory(file: BinaryIO, called: str) -> None:
    """Raises UserError unless the list of entries is small enough to be read into memory."""
    length = file.seek(0, 2)
    file.seek(max(0, length - _END_SIZE - _ZIP64_SIZE))
    tail = file.read()
    before, end = tail[:-_END_SIZE], tail[-_END_SIZE:]
    if not end.startswith(_END) or before.startswith(_ZIP64):
        raise UserError(f"{called}: found no end of a zip file, allowed: a zip without a comment")
    size = struct.unpack("<I", end[12:16])[0]
    if size > _DIRECTORY:
        raise UserError(f"{called}: a zip whose list of entries has {size} bytes is not read")


def _checked(entries: list[zipfile.ZipInfo], limit: int, called: str) -> dict[str, zipfile.ZipInfo]:
    """The files by name. Raises UserError for an entry that is not allowed."""
    files: dict[str, zipfile.ZipInfo] = {}
    taken: set[str] = set()  # in lower case: some file systems know no other
    folders: set[str] = set()
    for entry in entries:
        if problem := _problem(entry):
            raise UserError(f"{called}: the entry {entry.filename!r} {problem}")
        name, is_folder = entry.filename.removesuffix("/"), entry.filename.endswith("/")
        above = {str(parent).lower() for parent in PurePosixPath(name).parents} - {"."}
        folders |= above | ({name.lower()} if is_folder else set())
        if not is_folder:
            if name.lower() in taken:
                raise UserError(f"{called}: the entry {name!r} is there twice")
            taken.add(name.lower())
            files[name] = entry
    if both := sorted(taken & folders):
        raise UserError(f"{called}: the entry {both[0]!r} is a file and a folder")
    total = sum(entry.file_size for entry in files.values())
    if total > limit:
        raise UserError(f"{called}: unpacks to {total} bytes, allowed: {limit} (max_mib)")
    return files


def _problem(entry: zipfile.ZipInfo) -> str | None:
    """What forbids to write it, if anything does."""
    name = entry.filename.removesuffix("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if not all(is_plain_name(part) and ":" not in part for part in name.split("/")):
        return "is no plain name within the folder"
    if entry.orig_filename != entry.filename:
        return "has a name that is cut short"
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link" if kind == stat.S_IFLNK else "is a device"
    if entry.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if entry.compress_type not in _METHODS:
        return f"is compressed by method {entry.compress_type}, allowed: deflated or stored"
    return None


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        for piece in _pieces(archive, entry):
            file.write(piece)


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content. Raises BadZipFile if it is longer or shorter than the entry claims."""
    done = 0
    try:
        with archive.open(entry) as source:
            while piece := source.read(_PIECE):
                done += len(piece)
                if done > entry.file_size:
                    break
                yield piece
    except OSError as error:  # such as for an entry that claims to begin before the file
        raise zipfile.BadZipFile(error.strerror) from None
    if done != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.filename!r} does not have {entry.file_size} bytes")
