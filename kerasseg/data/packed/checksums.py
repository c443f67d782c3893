"""Shards are hashed when they are first opened, and again only if they have changed."""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kerasseg.data.packed.format import PackedIndex, Shard
from kerasseg.data.storage import is_address, join, sha256_of, stamp
from kerasseg.errors import UserError

_LONG = 2**30  # bytes: from here on it is said that this takes a while


def verify_shards(
    index: PackedIndex, shards: Iterable[Shard], *, folder: Path, workers: int | None
) -> None:
    """Raises UserError naming the first shard that is missing, cut off, or not what was written.

    folder: holds what is known from before; if it cannot be written everything is hashed again.
    workers: threads (hashing holds no lock); None: as many as cores.
    """
    root = index.root if is_address(index.root) else os.path.abspath(index.root)
    file = folder / f"packed-{hashlib.sha256(root.encode()).hexdigest()[:20]}.json"
    known = _read(file)
    new = [
        shard for shard in shards if known.get(shard.file) != [shard.sha256, *_sized(index, shard)]
    ]
    if not new:
        return
    size = sum(shard.size for shard in new)
    if size > _LONG:
        print(f"checking {len(new)} shards ({size / 1e9:.1f} GB), once", file=sys.stderr)
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        try:
            for shard, found in zip(new, pool.map(lambda s: _check(index, s), new), strict=True):
                known[shard.file] = [shard.sha256, *found]
        finally:
            pool.shutdown(cancel_futures=True)
            _write(file, known)


def _check(index: PackedIndex, shard: Shard) -> list:
    """The stamp of the shard, whose content is in order. Raises UserError."""
    found = _sized(index, shard)
    place = join(index.root, shard.file)
    try:
        digest = sha256_of(place)
    except OSError as error:
        raise UserError(f"{place}: cannot be read ({error.strerror})") from None
    if digest != shard.sha256:
        raise UserError(f"{place}: damaged (its SHA-256 is not the one in the index)")
    return found


def _sized(index: PackedIndex, shard: Shard) -> list:
    place = join(index.root, shard.file)
    try:
        found = stamp(place)
    except OSError as error:
        raise UserError(f"{place}: cannot be read ({error.strerror})") from None
    if found[0] != shard.size:
        raise UserError(f"{place}: found {found[0]} bytes, expected {shard.size}; copy it again")
    return found


def _read(file: Path) -> dict:
    # RecursionError: deeply nested garbage.
    with contextlib.suppress(OSError, ValueError, RecursionError):
        known = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _write(file: Path, known: dict) -> None:
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                json.dump(known, out)
            os.replace(temporary, file)
        finally:
            Path(temporary).unlink(missing_ok=True)
