"""Writes a packed data set: shard after shard under a temporary name, the index last.

Which sample lies where follows from the verified sizes alone, so a pack that was killed resumes
with the first shard that is missing, and ends with the same bytes.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import INSTANCE_END, UNKNOWN_END, companion_path
from kerasseg.data.packed.format import (
    HEADER,
    INDEX,
    UNFINISHED,
    Entry,
    PackedIndex,
    Shard,
    find_index,
)
from kerasseg.data.samples import Sample
from kerasseg.data.storage import file_stamp, is_address, sha256_of
from kerasseg.errors import UserError
from kerasseg.files import clear_leftovers, is_temporary, writing


def check_target(out: str) -> None:
    """Raises UserError if `out` is an address, a file, or a folder that holds something else."""
    if is_address(out):
        raise UserError(f"{out}: packed data is written to a folder; copy that to the address")
    path = Path(out)
    if path.exists() and not path.is_dir():
        raise UserError(f"{out}: is a file, expected a new folder")
    held = {p.name for p in path.iterdir() if not is_temporary(p)} if path.exists() else set()
    if held and not held & {INDEX, UNFINISHED}:
        raise UserError(f"{out}: holds other files; name a new folder")


def plan_index(catalog: Catalog, *, root: str, shard_bytes: int) -> PackedIndex:
    """What will lie where. A shard holds the samples that fit into `shard_bytes`, at least one."""
    splits = {}
    for split, samples in catalog.splits.items():
        parts: list[list[Entry]] = []
        size = 0
        for sample, facts in zip(samples, catalog.facts[split], strict=True):
            companions = tuple((end, path.stat().st_size) for end, path in _companions(sample))
            entry = Entry(sample.name, facts, companions)
            if not parts or size + entry.size > shard_bytes:
                parts.append([])
                size = len(HEADER)
            parts[-1].append(entry)
            size += entry.size
        splits[split] = tuple(
            Shard(f"{split}-{i:05}-of-{len(parts):05}.pixels", tuple(part))
            for i, part in enumerate(parts)
        )
    return PackedIndex(root, catalog.label_set, splits)


def pack(
    catalog: Catalog,
    out: Path,
    *,
    shard_bytes: int,
    workers: int | None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> PackedIndex:
    """Packs all splits of `catalog` into the folder `out`, or resumes where it was stopped.

    workers: threads, a shard each. progress: called with shards done and in all.
    Raises UserError if `out` holds something else, or another pack, or cannot be written.
    """
    plan = plan_index(catalog, root=str(out), shard_bytes=shard_bytes)
    try:
        if (out / INDEX).exists():
            _check_same(catalog, plan, out)
        else:
            note = _note(catalog, plan)
            with _begun(out, note):
                written = _write_shards(catalog, plan, out, workers=workers, progress=progress)
                if _note(catalog, plan) != note:
                    raise UserError(f"{out}: the data was changed while it was packed; remove it")
                _write_whole(out / INDEX, [written.to_text().encode()])
        (out / UNFINISHED).unlink(missing_ok=True)
    except OSError as error:
        where = error.filename or out  # none for what fails in writing
        raise UserError(f"{where}: cannot be read or written ({error.strerror})") from None
    return plan


def _note(catalog: Catalog, plan: PackedIndex) -> bytes:
    """Names what is packed: what will lie where, and the files it comes from as they are now."""
    digest = hashlib.sha256(plan.to_text().encode())
    for path in _sources(catalog):
        digest.update(json.dumps(file_stamp(path)).encode())
    return digest.hexdigest().encode() + b"\n"


def _check_same(catalog: Catalog, plan: PackedIndex, out: Path) -> None:
    """Raises UserError if `out` is packed from other data, or its files are newer than it is."""
    done = find_index(str(out))
    assert done is not None, "the caller has seen its file"
    bare = {
        split: tuple(replace(shard, sha256="") for shard in shards)
        for split, shards in done.splits.items()
    }
    if replace(done, splits=bare).to_text() != plan.to_text():
        raise UserError(f"{out}: holds other data, or packed in another way; name a new folder")
    packed_at = (out / INDEX).stat().st_mtime_ns
    for path in _sources(catalog):
        if path.stat().st_mtime_ns > packed_at:
            raise UserError(f"{out}: was packed before {path} was changed; remove it to pack anew")


@contextmanager
def _begun(out: Path, note: bytes) -> Iterator[None]:
    """Makes the folder, with the note in it, or finds the same note there; no other process may
    write as long as the context is open."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / UNFINISHED).exists():
        _write_whole(out / UNFINISHED, [note])
    with open(out / UNFINISHED, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{out}: another process is packing into it") from None
        if file.read() != note:
            raise UserError(f"{out}: holds part of a pack of other data; remove it")
        clear_leftovers(out)
        yield


def _write_shards(
    catalog: Catalog, plan: PackedIndex, out: Path, *, workers: int | None, progress: Callable
) -> PackedIndex:
    """The plan with the checksums of its shards, all of which are on disk."""
    from kerasseg.data.pixels import Decoder

    jobs = []
    for split, shards in plan.splits.items():
        decoder = Decoder(catalog, split, cache="none", cache_dir=out)
        first = 0
        for shard in shards:
            jobs.append((shard, decoder, catalog.splits[split], first))
            first += len(shard.entries)
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        futures = [pool.submit(_write_shard, out, *job) for job in jobs]
        try:
            left = set(futures)
            while left:
                done, left = wait(left, return_when=FIRST_EXCEPTION, timeout=0.2)
                for future in done:
                    future.result()
                progress(len(futures) - len(left), len(futures))
        finally:
            pool.shutdown(cancel_futures=True)
    hashes = {job[0].file: future.result() for job, future in zip(jobs, futures, strict=True)}
    splits = {
        split: tuple(replace(shard, sha256=hashes[shard.file]) for shard in shards)
        for split, shards in plan.splits.items()
    }
    return replace(plan, splits=splits)


def _write_shard(
    out: Path, shard: Shard, decoder: Callable[[int], Any], samples: Sequence[Sample], first: int
) -> str:
    """Its SHA-256. One that is there already has been renamed, so it is whole."""
    path = out / shard.file
    if path.exists() and path.stat().st_size == shard.size:
        return sha256_of(str(path))

    def pieces() -> Iterator[bytes]:
        yield HEADER
        for index, entry in enumerate(shard.entries, start=first):
            image, label = (pixels.numpy() for pixels in decoder(index))
            files = [(end, file.read_bytes()) for end, file in _companions(samples[index])]
            sizes = tuple((end, len(data)) for end, data in files)
            facts = entry.facts
            if label.shape != (facts.height, facts.width) or sizes != entry.companions:
                raise UserError(f"{samples[index].image}: changed while it was packed")
            yield image.tobytes()
            yield label.tobytes()
            yield from (data for _, data in files)

    return _write_whole(path, pieces())


def _write_whole(path: Path, pieces: Iterable[bytes]) -> str:
    """Writes a file, on to the disk, whole or not at all. Returns its SHA-256."""
    digest = hashlib.sha256()
    with writing(path, durable=True) as temporary, open(temporary, "wb") as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
    return digest.hexdigest()


def _companions(sample: Sample) -> list[tuple[str, Path]]:
    """Files that scores are computed from, besides image and label."""
    paths = [(end, companion_path(sample, end)) for end in (INSTANCE_END, UNKNOWN_END)]
    return [(end, path) for end, path in paths if path is not None]


def _sources(catalog: Catalog) -> list[Path]:
    return [
        path
        for samples in catalog.splits.values()
        for sample in samples
        for path in (sample.image, sample.label, *(file for _, file in _companions(sample)))
    ]
