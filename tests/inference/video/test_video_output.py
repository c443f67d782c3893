"""Videos are what browsers play, and hold the frames that were given at their times."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasseg.inference.video.video_input import Frame
from kerasseg.inference.video.video_output import VideoWriter
from tests.inference.video.clips import av, pictures, read_clip


def write(path, frames, *, times, time_base=Fraction(1, 90_000), aspect_ratio=Fraction(1)):
    with VideoWriter(
        path,
        size=frames[0].shape[:2],
        rate=Fraction(10),
        time_base=time_base,
        aspect_ratio=aspect_ratio,
    ) as writer:
        for pixels, time in zip(frames, times, strict=True):
            writer.write(Frame(pixels, time, 9000))


def test_it_is_what_browsers_play(tmp_path):
    path = tmp_path / "a.mp4"
    times = [0, 9000, 9100, 30_000, 180_000]
    write(path, pictures(5, height=41, width=63), times=times, aspect_ratio=Fraction(4, 3))
    with av.open(str(path)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.height, stream.width) == (42, 64)
        assert stream.sample_aspect_ratio == Fraction(4, 3)
        assert stream.codec_context.colorspace == 1
        seconds = [frame.time for frame in container.decode(stream)]
        assert float(stream.duration * stream.time_base) == pytest.approx(2.1, abs=1e-3)
    np.testing.assert_allclose(seconds, np.array(times) / 90_000, atol=1e-4)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # starts before all of it is there


@settings(max_examples=10)
@given(
    height=st.integers(1, 40), width=st.integers(1, 40), color=st.tuples(*[st.integers(0, 255)] * 3)
)
def test_any_size_and_colour_comes_back(height, width, color, tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    image = np.broadcast_to(np.array(color, np.uint8), (height, width, 3))
    write(path, [image, image], times=[0, 1], time_base=Fraction(1, 10))
    frames, _ = read_clip(path)
    assert len(frames) == 2
    for frame in frames:
        assert frame.shape == (height + height % 2, width + width % 2, 3)
        assert np.abs(frame.astype(int) - color).max() <= 6
