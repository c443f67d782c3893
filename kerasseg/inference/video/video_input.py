"""A video file to upright RGB frames with their times, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasseg.data.exif import UPRIGHT, swaps_sides, turn_upright
from kerasseg.errors import UserError

if TYPE_CHECKING:
    import av

# The containers that are opened, by FFmpeg's names. A playlist that is named like a video would
# make FFmpeg read other files and addresses.
_OPEN_OPTIONS = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi",
    "protocol_whitelist": "file",
}
_USUAL_RATE = Fraction(25)  # frames a second, where the file does not say
_UNSPECIFIED, _BT709 = 2, 1  # colour spaces, ISO/IEC 23091-2
_HIGH_DEFINITION = 720  # rows from which on players take an unspecified colour space as BT.709
_MISSING = 0.5  # seconds by which a whole file may end before the time that it states
# Rotation and mirroring as a display matrix (a, b, c, d), which maps (x, y) to
# (a x + c y, b x + d y), and the EXIF orientation that does the same.
_ORIENTATIONS = {
    (1, 0, 0, 1): UPRIGHT,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


def need_av() -> Any:
    """The module `av`; UserError if PyAV is not installed."""
    try:
        import av
    except ImportError:
        raise UserError(
            'videos need PyAV, which is not installed: pip install "kerasseg[video]", '
            "or pip install av"
        ) from None
    return av


@dataclass(frozen=True, eq=False)
class Frame:
    """pixels: uint8 (H, W, 3) RGB, upright; of one size in a video. time: when it is shown, and
    duration: how long (0: unknown), in units of `Video.time_base`; the first frame's time is 0."""

    pixels: np.ndarray
    time: int
    duration: int


class Video:
    """An open video; `frames` reads it once."""

    def __init__(self, path: Path, container: av.container.InputContainer):
        self._path, self._container = path, container
        stream: Any = container.streams.best("video")
        if stream is None:
            raise UserError(f"{path}: no video in it")
        self._stream = stream
        self._stream.thread_type = "AUTO"  # on all cores
        self.rate: Fraction = self._stream.average_rate or _USUAL_RATE
        self.time_base: Fraction = self._stream.time_base or 1 / self.rate
        self.orientation = UPRIGHT
        self.damaged = 0
        self._first_damaged: float | None = None
        self._end = 0.0  # seconds; of all that was read, sound included
        self._error: str | None = None

    @property
    def expected_frames(self) -> int | None:
        """How many there should be, as far as the file says."""
        duration = self._container.duration
        if self._stream.frames or duration is None:
            return self._stream.frames or None
        return round(duration * self.rate / 1_000_000)

    @property
    def aspect_ratio(self) -> Fraction:
        """Width of a pixel divided by its height, once the frames are upright."""
        ratio = self._stream.sample_aspect_ratio or Fraction(1)
        return 1 / ratio if swaps_sides(self.orientation) else ratio

    def frames(self) -> Iterator[Frame]:
        """The frames in the order in which they are shown; damaged ones are left out and counted.

        Raises MemoryError.
        """
        size: tuple[int, int] | None = None
        begin, last = None, -1
        step = max(1, round(1 / (self.rate * self.time_base)))
        for decoded in self._decoded():
            if size is None:
                size = decoded.width, decoded.height
                self.orientation = _orientation(decoded)
            pts = decoded.pts
            if begin is None:
                begin = pts or 0
            # Old AVI files state no times, and nothing can be shown before what came before it.
            time = last + step if pts is None else pts - begin
            time = max(time, last + 1)
            last = time
            colorspace = decoded.colorspace
            if colorspace == _UNSPECIFIED and decoded.height >= _HIGH_DEFINITION:
                colorspace = _BT709
            pixels = decoded.to_ndarray(
                format="rgb24", width=size[0], height=size[1], src_colorspace=colorspace
            )
            yield Frame(turn_upright(pixels, self.orientation), time, decoded.duration or 0)

    def problems(self, *, shown: int) -> list[str]:
        """What was wrong with it, a line each, once `frames` has ended. shown: frames it gave."""
        lines = []
        if self.damaged:
            first = self._first_damaged
            where = "" if first is None else f", the first at {first:.2f} s"
            lines.append(
                f"{self._path}: {self.damaged} of {shown + self.damaged} frames are damaged and "
                f"left out{where}"
            )
        stated = (self._container.duration or 0) / 1_000_000
        if self._error or self._end < stated - _MISSING:
            reason = f" ({self._error})" if self._error else ""
            lines.append(
                f"{self._path}: ends after {self._end:.2f} of {stated:.2f} s{reason}; "
                "the rest is missing"
            )
        return lines

    def _decoded(self) -> Iterator[Any]:
        """The frames that are whole, as PyAV gives them."""
        av = need_av()
        for packet in self._packets():
            if packet.stream_index != self._stream.index:
                continue
            if packet.is_corrupt:  # cut off
                self._note_damage(packet)
                continue
            try:
                frames = packet.decode()
            except av.error.FFmpegError as error:
                if isinstance(error, MemoryError):
                    raise
                self._note_damage(packet)
                continue
            for frame in frames:
                if frame.is_corrupt:  # the decoder made up what it could not read
                    self._note_damage(frame)
                else:
                    yield frame

    def _packets(self) -> Iterator[Any]:
        """Of all streams: the time that the file states is that of the longest."""
        av = need_av()
        try:
            for packet in self._container.demux():
                if packet.pts is not None and packet.time_base:
                    end = self._seconds((packet.pts + (packet.duration or 0)) * packet.time_base)
                    self._end = max(self._end, end)
                yield packet
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            self._error = error.strerror

    def _note_damage(self, damaged: Any) -> None:
        self.damaged += 1
        if self._first_damaged is None and damaged.pts is not None:
            self._first_damaged = self._seconds(damaged.pts * self.time_base)

    def _seconds(self, time: Fraction) -> float:
        """Since the beginning, as players show it."""
        return float(time) - (self._container.start_time or 0) / 1_000_000


@contextmanager
def open_video(path: Path) -> Iterator[Video]:
    """The video at `path` (MP4, MOV, AVI or Matroska, whatever codec FFmpeg decodes).

    Raises UserError if PyAV is not installed or the file cannot be read as one.
    """
    av = need_av()
    try:
        # An absolute path is never taken as an address, whatever is in it.
        container = av.open(str(Path(path).absolute()), options=_OPEN_OPTIONS)
    except av.error.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        raise UserError(f"{path}: cannot be read as a video ({error.strerror})") from None
    with container:
        yield Video(path, container)


def _orientation(frame: Any) -> int:
    """EXIF's number for the frame's display matrix; of one that is slanted, the nearest."""
    side_data = frame.side_data.get("DISPLAYMATRIX")
    if side_data is None:
        return UPRIGHT
    a, b, _, c, d = np.frombuffer(bytes(side_data), np.int32)[:5].astype(np.int64)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        b = c = 0
    else:
        a = d = 0
    signs = np.sign((a, b, c, d)).tolist()
    return next((n for matrix, n in _ORIENTATIONS.items() if list(matrix) == signs), UPRIGHT)
