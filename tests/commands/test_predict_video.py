"""python -m kerasseg predict with videos: what it says, refuses and leaves behind."""

import os
import signal
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands.main import start
from kerasseg.errors import UserError, run_command
from kerasseg.export.formats.onnx_graph import convert, write
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from tests.inference.small_model import blotches, describe_small, small_graph, write_onnx
from tests.inference.video.clips import damage, pictures, read_clip, write_clip


@pytest.fixture(scope="module")
def graph():
    return small_graph()


@pytest.fixture(scope="module")
def model(graph, tmp_path_factory):
    return str(write_onnx(tmp_path_factory.mktemp("onnx") / "model.onnx", graph))


@pytest.fixture(scope="module")
def with_probabilities(graph, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    text = describe_small().to_text()
    write(convert(graph, probabilities=True), path, metadata={"kerasseg": text})
    return str(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """`in/` with a photo and a video, below the working directory."""
    (tmp_path / "in").mkdir()
    Image.fromarray(blotches(60, 90)).save(tmp_path / "in" / "a.png")
    write_clip(tmp_path / "in" / "drive.mp4", pictures(4))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "in"


def run(*arguments):
    return start(["predict", *map(str, arguments)])


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def refused(*arguments):
    before = sorted(Path().rglob("*"))
    with pytest.raises(UserError) as caught:
        run(*arguments)
    assert sorted(Path().rglob("*")) == before
    (line,) = str(caught.value).splitlines()
    return line


PHOTO = ["a_labels.png", "a_overlay.png", "a_uncertainty.png"]


def test_a_folder_of_photos_and_videos(model, folder, capsys):
    assert run(model, "in", "--out", "out") == 0
    video, photos = capsys.readouterr().out.splitlines()
    assert video.startswith("out/drive_overlay.mp4: 4 frames, ")
    assert video.endswith(" a second")
    assert photos == "out: 1 image"
    assert names("out") == [*PHOTO, "drive_overlay.mp4"]
    assert run(model, "in/*.mp4", "--out", "out2", "--frame-labels") == 0
    assert names("out2") == ["drive_labels", "drive_overlay.mp4"]


def test_results_in_the_same_folder_are_not_taken_for_images(model, folder):
    for _ in range(2):
        assert run(model, "in", "--out", "in", "--frame-labels") == 0
    assert names("in") == [*["a.png", *PHOTO], "drive.mp4", "drive_labels", "drive_overlay.mp4"]


def test_labels_are_those_of_the_frames_as_images(model, folder):
    images, _ = read_clip(folder / "drive.mp4")
    Path("frames").mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image).save(f"frames/{i}.png")
    assert run(model, "in/drive.mp4", "--out", "out", "--frame-labels") == 0
    assert run(model, "frames", "--out", "out") == 0
    for i in range(4):
        with (
            Image.open(f"out/drive_labels/frame_{i:06d}.png") as a,
            Image.open(f"out/{i}_labels.png") as b,
        ):
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_damaged_frames_are_done_in_part(model, folder, capsys):
    write_clip(folder / "drive.mp4", pictures(40), g=10)
    damage(folder / "drive.mp4", 0.33, 0.5)
    assert run(model, "in/drive.mp4", "--out", "out") == 1
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("error: in/drive.mp4: ")
    assert " of 40 frames are damaged and left out, the first at " in line
    assert out.startswith("out/drive_overlay.mp4: 3")
    assert names("out") == ["drive_overlay.mp4"]


def test_a_broken_video_does_not_stop_the_rest(model, folder, capsys):
    (folder / "b.mov").write_text("no video")
    assert run(model, "in", "--out", "out") == 1
    first, line = capsys.readouterr().err.splitlines()
    assert first == "error: 1 of 3 images and videos failed:"
    assert line.startswith("error: in/b.mov: cannot be read as a video (")
    assert names("out") == [*PHOTO, "drive_overlay.mp4"]


def test_smooth_averages_over_time(with_probabilities, folder):
    images = [np.roll(blotches(48, 64), 24 * (i % 2), axis=1) for i in range(6)]
    write_clip(folder / "drive.mp4", images)
    changes = []
    for out, more in (("out", []), ("smooth", ["--smooth", "1"])):
        assert run(with_probabilities, "in/drive.mp4", "--out", out, "--frame-labels", *more) == 0
        labels = []
        for i in range(6):
            with Image.open(f"{out}/drive_labels/frame_{i:06d}.png") as file:
                labels.append(np.asarray(file).copy())
        changes.append(np.mean([a != b for a, b in pairwise(labels)]))
    assert 0 < changes[1] < changes[0] / 2


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["in/drive.mp4", "--rank", "a.csv"], "--rank: found a video, in/drive.mp4, allowed: im"),
        (["in/*", "--out", "o", "--submission"], "--submission: found a video, in/drive.mp4, all"),
        (["in/drive.mp4", "--out", "o", "--format", "coco"], "--format: found a video, in/drive."),
        (["in/a.png", "--out", "o", "--smooth", "1"], "--smooth: found no video among the images"),
        (["in/a.png", "--out", "o", "--frame-labels"], "--frame-labels: found no video among the"),
        (["in", "--out", "o", "--smooth", "0"], "--smooth: found 0, allowed: number > 0 (see"),
        (["in", "--out", "o", "--smooth", "1"], "model.onnx gives no probabilities to average; ex"),
        (["in", "twin", "--out", "in/drive.mp4"], "--out: in/drive.mp4 is not a directory"),
        (["in/drive.mp4", "twin/drive.mkv", "twin/drive.avi", "--out", "o"],
         "drive_overlay.mp4: would be written for both twin/drive.mkv and twin/drive.avi"),
    ],
)  # fmt: skip
def test_what_is_refused(model, folder, arguments, error):
    Path("twin").mkdir()
    for name in ("drive.mkv", "drive.avi"):
        Path("twin", name).touch()
    assert error in refused(model, *arguments)


def test_a_ranking_of_a_folder_passes_over_its_videos(model, folder, capsys):
    assert run(model, "in", "--rank", "next.csv") == 0
    note, _ = capsys.readouterr().out.splitlines()
    assert note == "note: images: 1 file is not used, such as in/drive.mp4"


def test_sigterm_leaves_no_half_video(model, folder, monkeypatch):
    compute, calls = OnnxPredictor.compute, []

    def interrupted(self, images):
        calls.append(images)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return compute(self, images)

    monkeypatch.setattr(OnnxPredictor, "compute", interrupted)
    arguments = model, "in/drive.mp4", "--out", "out", "--frame-labels"
    assert run_command(lambda: run(*arguments)) == 3
    assert names("out") == []


def test_a_video_too_large_for_the_memory_does_not_stop_the_rest(
    model, folder, monkeypatch, capsys
):
    compute = OnnxPredictor.compute

    def fail(self, images):
        if images.shape[1] == 48:
            raise MemoryError
        return compute(self, images)

    monkeypatch.setattr(OnnxPredictor, "compute", fail)
    assert run(model, "in", "--out", "out") == 1
    line = capsys.readouterr().err.splitlines()[1]
    assert line == "error: in/drive.mp4: out of memory; a smaller serving.tile needs less"
    assert names("out") == PHOTO


def test_without_pyav_one_line_names_it(model, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    line = refused(model, "in/drive.mp4", "--out", "out")
    assert line == (
        'videos need PyAV, which is not installed: pip install "kerasseg[video]", or pip install av'
    )
    assert run(model, "in/a.png", "--out", "out") == 0
