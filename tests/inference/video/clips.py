"""Small videos, made by PyAV, and what PyAV itself reads in them."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.inference.small_model import blotches

av = pytest.importorskip("av", reason="PyAV is not installed: pip install -r requirements.txt")

TENTH = Fraction(1, 10)


def pictures(count: int, *, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """uint8 (height, width, 3): blotches that move to the right."""
    first = blotches(height, width)
    return [np.roll(first, 3 * i, axis=1) for i in range(count)]


def write_clip(path: Path, frames, *, codec="libx264", times=None, unit=TENTH, **options) -> Path:
    """frames: uint8 (H, W, 3). times: of each in units of `unit` seconds; by default 0, 1, 2, …
    options: of the encoder."""
    formats = {"mjpeg": "yuvj420p", "ffv1": "bgr0", "libx264rgb": "rgb24"}
    with av.open(str(path), "w") as container:
        words = {name: str(value) for name, value in options.items()}
        stream = container.add_stream(codec, rate=1 / unit, options=words)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = formats.get(codec, "yuv420p")
        for pixels, time in zip(frames, times or range(len(frames)), strict=True):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = time, unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def read_clip(path: Path) -> tuple[list[np.ndarray], list[float]]:
    """Frames as RGB, as stored, and their times in seconds."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return [f.to_ndarray(format="rgb24") for f in frames], [f.time for f in frames]


def set_matrix(path: Path, a: int, b: int, c: int, d: int) -> None:
    """Writes the matrix into the header of an MP4's track: (x, y) -> (a x + c y, b x + d y)."""
    data = bytearray(path.read_bytes())
    place = data.index(b"tkhd") + 4 + 4 + 20 + 16
    assert struct.unpack_from(">9i", data, place) == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    struct.pack_into(">5i", data, place, a << 16, b << 16, 0, c << 16, d << 16)
    path.write_bytes(data)


def damage(path: Path, *places: float) -> None:
    """Overwrites 60 bytes at each place, 0…1 of the file."""
    data = bytearray(path.read_bytes())
    for place in places:
        start = int(place * len(data))
        data[start : start + 60] = bytes(60)
    path.write_bytes(data)


def blank(path: Path, number: int) -> None:
    """Makes the data of a frame, counted from 0, zeros: of Motion JPEG in an AVI."""
    data = path.read_bytes()
    starts = [i for i in range(len(data)) if data[i : i + 3] == b"\xff\xd8\xff"]
    start, after = [*starts, data.rindex(b"idx1") + 8][number : number + 2]
    end = after - 16  # where the next chunk's header begins, at the latest
    path.write_bytes(data[:start] + bytes(end - start) + data[end:])


def count_damaged(path: Path) -> int:
    """Frames that FFmpeg says are damaged."""
    count = 0
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            try:
                count += sum(frame.is_corrupt for frame in packet.decode())
            except av.error.InvalidDataError:
                count += 1
    return count
