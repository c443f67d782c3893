"""RGB frames to a video that every browser plays: H.264, 4:2:0, in an MP4 that starts at once."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from kerasseg.inference.video.video_input import Frame, need_av

# Constant quality: the edges of labels stay sharp. Without B-frames, frames are stored in the order
# of their times: where these are irregular, an MP4's track would else state too short a duration.
_ENCODER_OPTIONS = {"preset": "veryfast", "crf": "20", "bf": "0"}
_BT709, _LIMITED_RANGE = 1, 1  # ISO/IEC 23091-2; FFmpeg's AVCOL_RANGE_MPEG


class VideoWriter:
    """Encodes frames as they come; a context manager, at whose end the file is complete."""

    def __init__(
        self,
        path: Path,
        *,
        size: tuple[int, int],
        rate: Fraction,
        time_base: Fraction,
        aspect_ratio: Fraction,
    ):
        """size: (height, width) of the frames; an odd side is made even by repeating its last row
        or column, since 4:2:0 has one colour for 2 x 2 pixels. rate: frames a second, about.
        time_base: seconds, the unit of a frame's times. aspect_ratio: of a pixel.
        Raises UserError if PyAV is not installed, and what `open` does."""
        self._av = need_av()
        height, width = size
        self._padding = ((0, height % 2), (0, width % 2), (0, 0))
        self._time_base = time_base
        self._container = self._av.open(
            str(Path(path).absolute()), "w", format="mp4", options={"movflags": "+faststart"}
        )
        stream: Any = self._container.add_stream("libx264", rate=rate, options=_ENCODER_OPTIONS)
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = time_base
        context.sample_aspect_ratio = aspect_ratio
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED_RANGE
        self._stream = stream

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._mux(None)
        finally:
            self._container.close()

    def write(self, frame: Frame) -> None:
        """Adds it. Its time must be later than that of the frame before."""
        pixels = frame.pixels
        if any(side for _, side in self._padding):
            pixels = np.pad(pixels, self._padding, mode="edge")
        picture = self._av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED_RANGE
        )
        picture.pts, picture.duration = frame.time, frame.duration
        picture.time_base = self._time_base
        self._mux(picture)

    def _mux(self, picture: Any) -> None:
        for packet in self._stream.encode(picture):
            self._container.mux(packet)
