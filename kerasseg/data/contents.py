"""What lies behind a sample, be it files or a place in a shard: image, label, companion files."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.data.catalog import Catalog
from kerasseg.data.image_file import read_image
from kerasseg.data.label_png import read_label
from kerasseg.data.packed.format import read_whole
from kerasseg.data.samples import Packed, Sample
from kerasseg.data.storage import read_range
from kerasseg.errors import UserError
from kerasseg.files import os_errors

LABEL_END, INSTANCE_END, UNKNOWN_END = "_labelIds.png", "_instanceIds.png", "_unknown.png"


def image_of(sample: Sample) -> np.ndarray:
    """uint8 (H, W, 3) RGB. Raises UserError if it cannot be read."""
    return read_image(sample.image) if sample.packed is None else _packed(sample.packed)[0]


def label_of(sample: Sample, catalog: Catalog) -> np.ndarray:
    """uint8 (H, W) trainIds. Raises UserError if it cannot be read."""
    if sample.packed is not None:
        return _packed(sample.packed)[1]
    try:
        return read_label(
            sample.label,
            label_encoding=catalog.label_encoding,
            table=catalog.label_set.table,
            color_table=catalog.color_table,
            color_tolerance=catalog.label_set.color_tolerance,
        )
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # Pillow, for a damaged file
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{sample.label}: cannot be decoded ({reason})") from error


def companion(sample: Sample, end: str) -> np.ndarray | None:
    """The PNG of Cityscapes' layout that ends in `end` instead of `_labelIds.png`; None: no such.

    Raises UserError if it cannot be decoded.
    """
    if sample.packed is None:
        path = companion_path(sample, end)
        return None if path is None else read_png(path)
    for name, offset, size in sample.packed.companions:
        if name == end:
            data = read_range(sample.packed.shard, offset, size)
            return read_png(sample.label, io.BytesIO(data.tobytes()))
    return None


def companion_path(sample: Sample, end: str) -> Path | None:
    """The file that `companion` reads of a sample that is not packed."""
    name = sample.label.name
    path = sample.label.with_name(name.removesuffix(LABEL_END) + end)
    return path if name.endswith(LABEL_END) and path.is_file() else None


def read_png(path: Path, file: io.BytesIO | None = None) -> np.ndarray:
    """The values of a PNG as they are stored. file: its content, if it is not at `path`."""
    try:
        with Image.open(file or path) as picture:
            return np.asarray(picture)
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise UserError(f"{path}: cannot be decoded ({error})") from error


def _packed(packed: Packed) -> tuple[np.ndarray, np.ndarray]:
    with os_errors(packed.shard, "cannot be read"):
        return read_whole(packed)
