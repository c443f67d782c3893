"""What verification found out, kept between runs so that a data set is decoded only once."""

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasseg.data.exif import UPRIGHT
from kerasseg.data.label_png import LabelEncoding
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.files import clear_leftovers, write_json
from kerasseg.labels import LabelSet

_FORMAT = 3  # raise it when Facts, or what a verification looks at, changes


def cache_folder(cache_dir: str | None) -> Path:
    """`data.cache_dir`, or $XDG_CACHE_HOME/kerasseg, or ~/.cache/kerasseg; not created here."""
    if cache_dir is not None:
        return Path(cache_dir)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "kerasseg"


@dataclass(frozen=True)
class Facts:
    """One verified pair. height, width: pixels of the label, and of the image turned upright.

    pixels: (C + 1) counts a trainId, void last. orientation: that of the image file in EXIF, 1 to
    8; 1 where there is nothing to turn, as in packed data.
    """

    height: int
    width: int
    encoding: LabelEncoding
    pixels: tuple[int, ...]
    orientation: int = UPRIGHT


class VerifiedCache:
    """The facts of one data set: root and label table, in one JSON file below `folder`.

    An entry counts only while size and time of change (ns) of both files are what they were.
    A cache that cannot be read or written is no error: everything is verified again.
    """

    def __init__(self, folder: Path, *, root: Path, label_set: LabelSet):
        key = hashlib.sha256(label_set.table.tobytes())
        colors = sorted(label_set.color_to_train.items())
        key.update(repr((_FORMAT, os.path.abspath(root), label_set.drawn_as, colors)).encode())
        key.update(repr((label_set.num_classes, label_set.color_tolerance)).encode())
        self.path = folder / f"verified-{key.hexdigest()[:20]}.json"
        self._num_counts = label_set.num_classes + 1
        self._entries: dict[str, list] = {}
        self._changed = False
        # RecursionError: deeply nested garbage.
        with contextlib.suppress(OSError, ValueError, RecursionError):
            entries = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(entries, dict):
                self._entries = entries

    def get(self, sample: Sample) -> Facts | None:
        """What is known of the pair as it is on disk now. Raises OSError if a file is gone."""
        stamp = _stamp(sample)
        entry: Any = self._entries.get(_name(sample))
        try:
            known_stamp, height, width, encoding, pixels, orientation = entry
            counts = tuple(int(n) for n in pixels)
            facts = Facts(int(height), int(width), encoding, counts, int(orientation))
        except (TypeError, ValueError):
            return None
        if known_stamp != stamp or encoding not in ("ids", "indexed", "colors"):
            return None
        if not 1 <= facts.orientation <= 8:
            return None
        whole = len(facts.pixels) == self._num_counts
        return facts if whole and sum(facts.pixels) == facts.height * facts.width else None

    def put(self, sample: Sample, facts: Facts) -> None:
        """Remembers `facts` of the pair as it is on disk now. Raises OSError as `get` does."""
        kept = [facts.height, facts.width, facts.encoding, list(facts.pixels), facts.orientation]
        self._entries[_name(sample)] = [_stamp(sample), *kept]
        self._changed = True

    def save(self) -> None:
        """Writes the file, whole or not at all."""
        if not self._changed:
            return
        with contextlib.suppress(UserError):
            write_json(self.path, self._entries, indent=None, make_folder=True)
            self._changed = False
        clear_leftovers(self.path.parent)


def _name(sample: Sample) -> str:
    return f"{os.path.abspath(sample.image)}\0{os.path.abspath(sample.label)}"


def _stamp(sample: Sample) -> list[int]:
    image, label = sample.image.stat(), sample.label.stat()
    return [image.st_size, image.st_mtime_ns, label.st_size, label.st_mtime_ns]
