"""A video of labels: each frame as an image would be, complete or not there, in constant memory."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.inference.video.labelling import label_video
from tests.inference.small_model import describe_small
from tests.inference.video.clips import blank, pictures, read_clip, set_matrix, write_clip
from tests.programs import run_program

BT709_BRIGHTNESS = (0.2126, 0.7152, 0.0722)  # of red, green and blue


@pytest.fixture(scope="module")
def predictor(onnx_file):
    return OnnxPredictor(onnx_file)


@pytest.fixture
def clip(tmp_path):
    return write_clip(tmp_path / "a.mp4", pictures(6, height=49, width=91), codec="libx264rgb")


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file)


def test_each_frame_is_labelled_as_an_image(predictor, clip, tmp_path):
    done = []
    answer = label_video(
        predictor,
        clip,
        tmp_path / "out" / "a_overlay.mp4",
        labels=tmp_path / "out" / "a_labels",
        report=lambda *counts: done.append(counts),
    )
    assert (answer.frames, answer.problems, answer.turned) == (6, (), False)
    assert done == [(i, 6) for i in range(1, 7)]
    assert names(tmp_path / "out") == ["a_labels", "a_overlay.mp4"]
    assert names(tmp_path / "out" / "a_labels") == [f"frame_{i:06d}.png" for i in range(6)]
    images, times = read_clip(clip)
    shown, shown_times = read_clip(tmp_path / "out" / "a_overlay.mp4")
    assert shown_times == pytest.approx(times, abs=1e-3)
    for i, (image, frame) in enumerate(zip(images, shown, strict=True)):
        expected = predictor.predict(image)
        ids = pixels(tmp_path / "out" / "a_labels" / f"frame_{i:06d}.png")
        np.testing.assert_array_equal(ids, expected.label_ids())
        assert len(np.unique(ids)) > 1
        picture = np.asarray(expected.overlay(image)).astype(float)
        # Colours have half the resolution, and the codec loses a little. Against the pictures of
        # the frames beside it the differences are above 27 and, of the brightness alone, above 20.
        difference = (frame[: len(picture)] - picture)[:49, :91]
        assert np.abs(difference).mean() < 18
        assert np.abs(difference @ BT709_BRIGHTNESS).mean() < 8
        assert frame.shape[0] == len(picture) + len(picture) % 2


def test_it_is_the_upright_video_that_is_labelled(predictor, tmp_path):
    clip = write_clip(tmp_path / "a.mp4", pictures(2))
    images, _ = read_clip(clip)
    set_matrix(clip, 0, 1, -1, 0)  # a quarter turn, clockwise
    answer = label_video(predictor, clip, tmp_path / "b.mp4", labels=tmp_path / "b")
    assert answer.turned
    expected = predictor.predict(np.rot90(images[1], -1).copy()).label_ids()
    np.testing.assert_array_equal(pixels(tmp_path / "b" / "frame_000001.png"), expected)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_is_interrupted_leaves_everything_as_it_was(
    predictor, clip, tmp_path, error, monkeypatch
):
    (tmp_path / "b.mp4").write_text("older")
    label_video(predictor, clip, tmp_path / "c.mp4", labels=tmp_path / "labels")
    before = sorted(tmp_path.rglob("*"))
    predict, calls = OnnxPredictor.predict, []

    def interrupted(self, image, **options):
        calls.append(image)
        if len(calls) == 3:
            raise error
        return predict(self, image, **options)

    monkeypatch.setattr(OnnxPredictor, "predict", interrupted)
    with pytest.raises(error):
        label_video(predictor, clip, tmp_path / "b.mp4", labels=tmp_path / "labels")
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "b.mp4").read_text() == "older"


def test_labels_of_an_earlier_video_are_replaced_and_nothing_else(predictor, clip, tmp_path):
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "frame_000100.png").touch()
    label_video(predictor, clip, tmp_path / "b.mp4", labels=folder)
    assert len(names(folder)) == 6
    (folder / "notes.txt").touch()
    with pytest.raises(UserError, match=r"labels: holds notes\.txt, allowed: only labels"):
        label_video(predictor, clip, tmp_path / "c.mp4", labels=folder)
    assert not (tmp_path / "c.mp4").exists()


def test_a_video_without_one_whole_frame_leaves_nothing(predictor, tmp_path):
    clip = write_clip(tmp_path / "a.avi", pictures(1), codec="mjpeg")
    blank(clip, 0)
    with pytest.raises(UserError, match=r"a\.avi: no frame of it can be decoded"):
        label_video(predictor, clip, tmp_path / "out" / "b.mp4")
    assert names(tmp_path) == ["a.avi"]


# Both in one process: its peak after the second is the peak of either.
_MEMORY = """
import resource
from pathlib import Path
import numpy as np
from kerasseg.inference.predictor import Predictor
from kerasseg.inference.video.labelling import label_video
from kerasseg.runs.description import ModelDescription
class Gray(Predictor):
    def compute(self, images):
        part = images[..., 0] / np.float32(255)
        return {"labels": images[..., 0] % 20, "confidence": part, "uncertainty": 1 - part}
gray = Gray(ModelDescription.from_text(Path("model.txt").read_text(), source="model.txt"))
for name in ("short", "long"):
    label_video(gray, Path(f"{name}.mp4"), Path(f"{name}_overlay.mp4"))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in KiB on Linux")
def test_ten_times_as_many_frames_take_no_more_memory(tmp_path):
    (tmp_path / "memory.py").write_text(_MEMORY)
    (tmp_path / "model.txt").write_text(describe_small().to_text())
    frames = pictures(40, height=96, width=160)
    write_clip(tmp_path / "short.mp4", frames)
    write_clip(tmp_path / "long.mp4", frames * 10)
    result = run_program(["memory.py"], folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    short, long = map(int, result.stdout.split())
    # The frames that are more take 360 x 96 x 160 x 3 bytes = 16,200 KiB, their pages twice that.
    assert long - short < 8_000
