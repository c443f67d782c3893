"""A packed data set: decoded pixels in shards, and `packed.json`, which says what lies where.

A shard is a header of 64 bytes, then one sample after the other: the image, height x width x 3
bytes of RGB, then the label, height x width bytes of trainIds, then its companion files, as
they were. Rows are contiguous, so a crop is two reads and nothing is decoded. Offsets are not
stored: they follow from the sizes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerasseg.config.words import inline
from kerasseg.data.facts import Facts
from kerasseg.data.samples import Packed, Sample
from kerasseg.data.storage import borrow_range, is_address, join, read_text
from kerasseg.errors import UserError
from kerasseg.files import is_plain_name
from kerasseg.labels import LabelSet, Void

INDEX, UNFINISHED = "packed.json", "packing.json"
HEADER = b"kerasseg packed pixels 1\n".ljust(64, b"\n")
_FORMAT = 2  # 2: photos lie upright by their EXIF orientation


@dataclass(frozen=True)
class Entry:
    """One sample of a shard. facts: what verification found in its files.

    companions: (end of the name, bytes) of each file packed along.
    """

    name: str
    facts: Facts
    companions: tuple[tuple[str, int], ...] = ()

    @property
    def size(self) -> int:
        """Bytes in the shard."""
        pixels = self.facts.height * self.facts.width
        return 4 * pixels + sum(size for _, size in self.companions)


@dataclass(frozen=True)
class Shard:
    """One file. sha256: of its content, in hexadecimal digits; "" until it is written."""

    file: str
    entries: tuple[Entry, ...]
    sha256: str = ""

    @property
    def size(self) -> int:
        return len(HEADER) + sum(entry.size for entry in self.entries)


@dataclass(frozen=True)
class PackedIndex:
    """The content of `packed.json`. root: folder or address it was read from."""

    root: str
    label_set: LabelSet
    splits: Mapping[str, tuple[Shard, ...]]

    def samples(self, split: str) -> list[tuple[Sample, Facts, Shard]]:
        """All of a split in the order in which they were packed, that is by name."""
        samples = []
        for shard in self.splits[split]:
            place, offset = join(self.root, shard.file), len(HEADER)
            for entry in shard.entries:
                height, width = entry.facts.height, entry.facts.width
                companions, at = [], offset + 4 * height * width
                for end, size in entry.companions:
                    companions.append((end, at, size))
                    at += size
                packed = Packed(place, offset, height, width, tuple(companions))
                where = Path(place) / entry.name
                samples.append((Sample(entry.name, where, where, packed), entry.facts, shard))
                offset += entry.size
        return samples

    def to_text(self) -> str:
        """The file, its own checksum included; the same content gives the same bytes."""
        content = {
            "format": _FORMAT,
            "labels": self.label_set.to_json(),
            "splits": {
                split: [
                    {
                        "file": shard.file,
                        "sha256": shard.sha256,
                        "samples": [_entry_json(entry) for entry in shard.entries],
                    }
                    for shard in shards
                ]
                for split, shards in self.splits.items()
            },
        }
        return json.dumps({"sha256": _digest(content), **content}, separators=(",", ":")) + "\n"


def find_index(root: str) -> PackedIndex | None:
    """The index of a packed data set; None if `root` is a folder that holds none.

    Raises UserError for an index that is damaged, changed or unfinished, and for an address that
    holds none: files are read from folders only.
    """
    place = join(root, INDEX)
    if not is_address(root) and not Path(place).exists():
        if Path(root, UNFINISHED).exists():
            raise UserError(f"{root}: was not packed to its end; run the same pack command again")
        return None
    try:
        text = read_text(place)
    except UserError:
        raise
    except OSError as error:
        hint = " (from an address only packed data is read)" if is_address(root) else ""
        raise UserError(f"{place}: cannot be read ({error.strerror}){hint}") from None
    except ValueError:
        raise UserError(f"{place}: damaged (not an index of packed data)") from None
    try:
        return parse_index(text, root=root)
    except UserError as error:
        raise UserError(f"{place}: {error}") from None


def parse_index(text: str, *, root: str) -> PackedIndex:
    """The inverse of `PackedIndex.to_text`; UserError if it is not, byte for byte."""
    try:
        content = json.loads(text)
        claimed, version = content.pop("sha256"), content["format"]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise UserError("damaged (not an index of packed data)") from None
    if version != _FORMAT:
        raise UserError(
            f"format {inline(version)}, this version reads {_FORMAT}; pack the data again into "
            "a new folder: kerasseg pack DATA OUT"
        )
    if claimed != _digest(content):
        raise UserError("changed since it was written (its checksum differs)")
    try:
        splits = {
            split: tuple(
                Shard(s["file"], tuple(_entry(e) for e in s["samples"]), s["sha256"])
                for s in shards
            )
            for split, shards in content["splits"].items()
        }
        index = PackedIndex(root, LabelSet.from_json(content["labels"]), splits)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise UserError("damaged (not an index of packed data)") from None
    for shard in (shard for shards in splits.values() for shard in shards):
        _refuse_paths(shard.file, "the shard")
        for entry in shard.entries:
            _refuse_paths(entry.name, "the sample")
            for end, _ in entry.companions:
                _refuse_paths(entry.name + end, "the companion file")
    return index


def _refuse_paths(name: object, what: str) -> None:
    """Files are named after it, here and in a run directory: it must not lead out of the folder."""
    if not is_plain_name(name):
        raise UserError(f"{what} {inline(name)} is not a plain file name")


def labels_for(index: PackedIndex, own: LabelSet | None, *, void: Void) -> LabelSet:
    """The label set to train with: `own`, that of the settings, or if None the packed one.

    Raises UserError if the pixels were packed with other classes than `own`.
    """
    if own is None:
        return replace(index.label_set, void=void)
    packed = index.label_set
    same = own.names == packed.names and np.array_equal(own.table, packed.table)
    same = same and own.color_tolerance == packed.color_tolerance
    if not same or dict(own.color_to_train) != dict(packed.color_to_train):
        raise UserError(
            f"{join(index.root, INDEX)}: was packed with other labels ({_describe(packed)}) than "
            f"the settings ask for ({_describe(own)})"
        )
    return own


def read_crop(
    packed: Packed, top: int, left: int, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Image uint8 (height, width, 3) and label uint8 (height, width) of a box inside.

    Only its rows are read. Raises OSError.
    """
    pixels, stride = packed.height * packed.width, packed.width

    def rows(start: int, depth: int) -> np.ndarray:
        length = height * stride * depth
        data = borrow_range(packed.shard, start + top * stride * depth, length)
        return data.reshape(height, stride, depth)[:, left : left + width].copy()

    return rows(packed.offset, 3), rows(packed.offset + 3 * pixels, 1)[..., 0]


def read_whole(packed: Packed) -> tuple[np.ndarray, np.ndarray]:
    """Image uint8 (H, W, 3) and label uint8 (H, W) of trainIds. Raises OSError."""
    return read_crop(packed, 0, 0, packed.height, packed.width)


def _describe(labels: LabelSet) -> str:
    return f"{labels.dataset}, {labels.num_classes} classes"


def _digest(content: Mapping) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _entry_json(entry: Entry) -> list:
    facts = entry.facts
    fields = [entry.name, facts.height, facts.width, facts.encoding, list(facts.pixels)]
    return [*fields, [list(file) for file in entry.companions]]


def _entry(data: Sequence) -> Entry:
    name, height, width, encoding, pixels, companions = data
    facts = Facts(height, width, encoding, tuple(pixels))
    return Entry(name, facts, tuple((end, size) for end, size in companions))
