"""Label PNGs, read with Pillow and NumPy exactly as they were drawn.

TensorFlow's decode_png(channels=1) gives the id only for 8-bit gray. It turns a palette into gray
levels and stretches fewer than 8 bits to 0..255, where the index or the raw value is the id.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np
from PIL import Image

from kerasseg.labels import UNKNOWN, Color

LabelEncoding = Literal["ids", "indexed", "colors"]
_COLOR_TYPES = {0: "gray", 2: "RGB", 3: "palette", 4: "gray with alpha", 6: "RGBA"}


class PngHeader(NamedTuple):
    """What the first 26 bytes of a PNG say (its IHDR; Pillow keeps depth and type to itself)."""

    width: int
    height: int
    bits: int
    kind: str  # gray, RGB, palette, gray with alpha, RGBA


def read_png_header(file: BinaryIO) -> PngHeader | None:
    """The header of the PNG that `file` starts with, or None if it is no PNG."""
    head = file.read(26)
    if len(head) < 26 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height, bits, color_type = struct.unpack(">IIBB", head[16:26])
    return PngHeader(width, height, bits, _COLOR_TYPES.get(color_type, "unknown"))


def ids_of(label: Image.Image, bits: int) -> np.ndarray:
    """The raw values of a gray or palette PNG: (H, W) uint8, or uint16 for 16 bits.

    bits: of the file's header. Pillow multiplies 2- and 4-bit gray up to 0..255; undone here.
    """
    if label.mode == "L" and bits < 8:
        return np.asarray(label) // np.uint8(255 // (2**bits - 1))
    return np.asarray(label).astype(np.uint16 if bits == 16 else np.uint8, copy=False)


def colors_of(label: Image.Image) -> np.ndarray:
    """uint32 (H, W), R * 65536 + G * 256 + B, of a PNG of any kind; alpha is dropped."""
    rgb = np.asarray(label.convert("RGB")).astype(np.uint32)
    return (rgb[..., 0] << 16) | (rgb[..., 1] << 8) | rgb[..., 2]


def pack_color_table(table: Mapping[Color, int]) -> tuple[np.ndarray, np.ndarray]:
    """{(r, g, b): trainId} as two arrays sorted by colour: packed uint32, uint8 trainIds."""
    packed = np.array([(r << 16) | (g << 8) | b for r, g, b in table], np.uint32)
    order = np.argsort(packed)
    return packed[order], np.array(list(table.values()), np.uint8)[order]


def look_up_colors(
    packed: np.ndarray, table: Mapping[Color, int], *, tolerance: int = 0
) -> np.ndarray:
    """Packed colours of any shape -> uint8 trainIds of that shape; UNKNOWN for the others.

    tolerance: the largest Euclidean distance in RGB at which the nearest colour of the table is
    taken; less than half of that between two of its colours, so that there is only one.
    """
    keys, values = pack_color_table(table)
    place = np.minimum(np.searchsorted(keys, packed), len(keys) - 1)
    found = np.where(keys[place] == packed, values[place], np.uint8(UNKNOWN))
    if tolerance and (other := keys[place] != packed).any():
        colors, which = np.unique(packed[other], return_inverse=True)
        near = np.full(colors.shape, UNKNOWN, np.uint8)
        for key, value in zip(keys, values, strict=True):
            apart = [(colors >> s & 255).astype(int) - int(key >> s & 255) for s in (16, 8, 0)]
            near[np.square(apart).sum(axis=0) <= tolerance**2] = value
        found[other] = near[which.ravel()]
    return found


def look_up(ids: np.ndarray, table: np.ndarray) -> np.ndarray:
    """table[ids], both uint8, the table of 256; several times as fast as NumPy's indexing."""
    return np.frombuffer(bytearray(ids).translate(table.tobytes()), np.uint8).reshape(ids.shape)


def read_label(
    path: Path,
    *,
    label_encoding: LabelEncoding,
    table: np.ndarray,
    color_table: Mapping[Color, int] | None,
    color_tolerance: int = 0,
) -> np.ndarray:
    """The label PNG at `path` as uint8 (H, W) trainIds; UNKNOWN for what no table declares.

    table: uint8 (256,) label id -> trainId, used for "ids" and "indexed" (one method reads
    both); color_table: {(r, g, b): trainId} for "colors", color_tolerance: see `look_up_colors`.
    Raises OSError if the file cannot be read. That it fits is verified by `kerasseg.data.verify`.
    """
    with open(path, "rb") as file:
        header = read_png_header(file)
        if header is None:
            raise OSError(f"{path}: not a PNG file")
        file.seek(0)
        with Image.open(file, formats=("PNG",)) as label:
            if label_encoding == "colors":
                assert color_table is not None
                return look_up_colors(colors_of(label), color_table, tolerance=color_tolerance)
            ids = ids_of(label, header.bits)
    if ids.dtype == np.uint16:
        return np.where(ids < 256, table[ids & 255], np.uint8(UNKNOWN))
    return look_up(ids, table)
