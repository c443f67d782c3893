"""Shards are hashed when they are first opened, and again only if they have changed."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from kerasseg.data.packed.format import PackedIndex, Shard
from kerasseg.data.storage import is_address, join, sha256_of, stamp
from kerasseg.errors import UserError
from kerasseg.files import os_errors, write_json

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
            for shard, state in zip(new, pool.map(lambda s: _check(index, s), new), strict=True):
                known[shard.file] = [shard.sha256, *state]
        finally:
            pool.shutdown(cancel_futures=True)
            with suppress(UserError):
                write_json(file, known, indent=None, make_folder=True)


def _check(index: PackedIndex, shard: Shard) -> list:
    """The stamp of the shard, whose content is in order. Raises UserError."""
    state = _sized(index, shard)
    place = join(index.root, shard.file)
    with os_errors(place, "cannot be read"):
        digest = sha256_of(place)
    if digest != shard.sha256:
        raise UserError(f"{place}: damaged (its SHA-256 is not the one in the index)")
    return state


def _sized(index: PackedIndex, shard: Shard) -> list:
    place = join(index.root, shard.file)
    with os_errors(place, "cannot be read"):
        state = stamp(place)
    if state[0] != shard.size:
        raise UserError(f"{place}: found {state[0]} bytes, expected {shard.size}; copy it again")
    return state


def _read(file: Path) -> dict:
    # RecursionError: deeply nested garbage.
    with suppress(OSError, ValueError, RecursionError):
        known = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}
