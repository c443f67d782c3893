"""Frames of videos against PyAV's own; rotation, damage, and what is no video."""

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.inference.image_search import VIDEO_SUFFIXES
from kerasseg.inference.video.video_input import open_video
from tests.inference.video.clips import (
    av,
    blank,
    count_damaged,
    damage,
    pictures,
    read_clip,
    set_matrix,
    write_clip,
)

CODECS = {".mp4": "libx264", ".mov": "mpeg4", ".avi": "mjpeg", ".mkv": "ffv1"}


def read(path):
    """Frames, and the lines on what is wrong."""
    with open_video(path) as video:
        frames = list(video.frames())
        return frames, video.problems(shown=len(frames))


@pytest.mark.parametrize("suffix", VIDEO_SUFFIXES)
def test_every_kind_of_file_gives_its_frames(suffix, tmp_path):
    drawn = pictures(6)
    path = write_clip(tmp_path / f"a{suffix}", drawn, codec=CODECS[suffix])
    with open_video(path) as video:
        frames = list(video.frames())
        assert video.expected_frames == 6
        assert video.problems(shown=6) == []
        seconds = [float(frame.time * video.time_base) for frame in frames]
    expected, _ = read_clip(path)
    np.testing.assert_array_equal([frame.pixels for frame in frames], expected)
    np.testing.assert_allclose(seconds, np.arange(6) / 10, atol=1e-3)
    if suffix == ".mkv":  # without loss
        np.testing.assert_array_equal(expected, drawn)


def test_irregular_times_stay_as_they_are(tmp_path):
    times = [3, 4, 9, 10, 20]
    path = write_clip(tmp_path / "a.mkv", pictures(5), times=times)
    with open_video(path) as video:
        seconds = [float(frame.time * video.time_base) for frame in video.frames()]
    np.testing.assert_allclose(seconds, (np.array(times) - 3) / 10, atol=1e-3)


def mapped(image, a, b, c, d):
    """Each pixel (x, y) at (a x + c y, b x + d y), moved to where no coordinate is negative."""
    height, width = image.shape[:2]
    places = {(x, y): (a * x + c * y, b * x + d * y) for x in range(width) for y in range(height)}
    left, top = (min(place[i] for place in places.values()) for i in (0, 1))
    right, bottom = (max(place[i] for place in places.values()) for i in (0, 1))
    result = np.zeros((bottom - top + 1, right - left + 1, 3), np.uint8)
    for (x, y), (new_x, new_y) in places.items():
        result[new_y - top, new_x - left] = image[y, x]
    return result


@pytest.mark.parametrize(
    "matrix",
    [
        (1, 0, 0, 1), (-1, 0, 0, 1), (-1, 0, 0, -1), (1, 0, 0, -1),
        (0, 1, 1, 0), (0, 1, -1, 0), (0, -1, -1, 0), (0, -1, 1, 0),
    ],
)  # fmt: skip
def test_frames_are_turned_as_the_metadata_says(matrix, tmp_path):
    path = write_clip(tmp_path / "a.mp4", pictures(2))
    stored, _ = read_clip(path)
    set_matrix(path, *matrix)
    frames, _ = read(path)
    for frame, image in zip(frames, stored, strict=True):
        np.testing.assert_array_equal(frame.pixels, mapped(image, *matrix))


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "libx264"), (".avi", "mpeg4")])
def test_damaged_frames_are_left_out_and_counted(suffix, codec, tmp_path):
    path = write_clip(tmp_path / f"a{suffix}", pictures(40), codec=codec, g=10)
    damage(path, 0.33, 0.5)
    expected = count_damaged(path)
    assert expected > 0
    frames, (line,) = read(path)
    assert len(frames) == 40 - expected
    assert line.startswith(f"{path}: {expected} of 40 frames are damaged and left out, the first ")


def test_a_packet_that_cannot_be_decoded_is_a_damaged_frame(tmp_path):
    path = write_clip(tmp_path / "a.avi", pictures(10), codec="mjpeg")
    blank(path, 2)
    frames, (line,) = read(path)
    assert len(frames) == 9
    assert line == f"{path}: 1 of 10 frames are damaged and left out, the first at 0.20 s"


def test_a_file_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path):
    path = write_clip(tmp_path / "a.mkv", pictures(40), codec="mjpeg")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    frames, lines = read(path)
    assert 10 < len(frames) < 25
    end = len(frames) / 10
    assert lines == [f"{path}: ends after {end:.2f} of 4.00 s; the rest is missing"]


def test_a_frame_that_was_cut_off_is_damaged(tmp_path):
    path = write_clip(tmp_path / "a.avi", pictures(40), codec="mjpeg")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    frames, lines = read(path)
    assert 10 < len(frames) < 25
    assert lines[0].startswith(f"{path}: 1 of {len(frames) + 1} frames are damaged and left out")


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("no video\n" * 100)
    (tmp_path / "empty.mp4").touch()
    # FFmpeg would go wherever such a list leads.
    write_clip(tmp_path / "real.mp4", pictures(2))
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile real.mp4\n")
    (tmp_path / "net.mp4").write_text("#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n")
    for name in ("text.mp4", "empty.mp4", "list.mp4", "net.mp4", "none.mp4"):
        with pytest.raises(UserError, match=rf"{name}: cannot be read as a video \(.+\)$"):
            read(tmp_path / name)


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        frame.rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(UserError, match="no video in it"):
        read(path)
