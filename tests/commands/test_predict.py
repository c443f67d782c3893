"""python -m kerasseg predict: what it writes, what it refuses, how it ends."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands.main import start
from kerasseg.errors import UserError, run_command
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.labels import camvid_labels, cityscapes_labels
from tests.inference.small_model import (
    blotches,
    describe_small,
    small_graph,
    write_export,
    write_onnx,
    write_run,
)
from tests.programs import run_program

LABELS = cityscapes_labels(void="background", dataset="streets")


@pytest.fixture(scope="module")
def graph():
    return small_graph()


@pytest.fixture(scope="module")
def model(graph, tmp_path_factory):
    return str(write_onnx(tmp_path_factory.mktemp("onnx") / "model.onnx", graph))


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Three images of two sizes in `in/`, which is below the working directory."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i, (name, size) in enumerate({"a": (60, 90), "b": (97, 40), "c": (60, 90)}.items()):
        Image.fromarray(blotches(*size, seed=i)).save(folder / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return folder


def run(*arguments):
    return start(["predict", *map(str, arguments)])


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file)


def results(*stems):
    return sorted(f"{s}_{kind}.png" for s in stems for kind in ("labels", "overlay", "uncertainty"))


def test_three_pictures_an_image(model, photos, capsys):
    assert run(model, "in", "--out", "out") == 0
    assert capsys.readouterr() == ("out: 3 images\n", "")
    assert names("out") == results("a", "b", "c")
    predictor = OnnxPredictor(model)
    for name in "abc":
        image = pixels(photos / f"{name}.png")
        expected = predictor.predict(image)
        labels = pixels(f"out/{name}_labels.png")
        np.testing.assert_array_equal(labels, LABELS.to_ids(expected.labels))
        assert len(np.unique(labels)) > 1
        np.testing.assert_array_equal(pixels(f"out/{name}_overlay.png"), expected.overlay(image))
        heat = pixels(f"out/{name}_uncertainty.png")
        np.testing.assert_array_equal(heat, expected.uncertainty_map())


def test_again_over_what_is_there(model, photos):
    for _ in range(2):
        assert run(model, "in/a.png", "--out", "in") == 0
        assert run(model, "in", "--out", "in", "--threads", "1") == 0
    assert names("in") == sorted([*results("a", "b", "c"), "a.png", "b.png", "c.png"])


def test_a_submission_is_one_png_of_label_ids_named_as_the_image(model, photos):
    assert run(model, "in/*", "--submission", "--out", "out/deep") == 0
    assert names("out/deep") == ["a.png", "b.png", "c.png"]
    ids = pixels("out/deep/b.png")
    assert (ids.dtype, ids.shape) == (np.uint8, (97, 40))
    expected = OnnxPredictor(model).predict(pixels(photos / "b.png")).labels
    background = expected == LABELS.background_id
    assert background.any()
    assert not ids[background].any()
    np.testing.assert_array_equal(LABELS.table[ids[~background]], expected[~background])


def test_one_bad_image_and_the_rest_goes_on(model, photos, capsys):
    (photos / "b.png").write_bytes(b"no image")
    (photos / "d.jpg").write_bytes((photos / "a.png").read_bytes()[:400])
    assert run(model, "in", "--out", "out") == 1
    out, err = capsys.readouterr()
    assert out == "out: 2 images\n"
    first, *lines = err.splitlines()
    assert first == "error: 2 of 4 images failed:"
    assert [line.split(":")[1] for line in lines] == [" in/b.png", " in/d.jpg"]
    assert names("out") == results("a", "c")


def test_nothing_but_bad_images(model, photos):
    (photos / "a.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"^1 of 1 images failed:\nin/a\.png: not an image$"):
        run(model, "in/a.png", "--out", "out")
    assert not Path("out").exists()


def refused(*arguments):
    """The lines of the error; nothing may have been written."""
    before = names(".")
    with pytest.raises(UserError) as caught:
        run(*arguments)
    assert names(".") == before
    return str(caught.value).splitlines()


def test_two_images_of_one_name_are_refused_before_the_first(model, photos):
    Image.fromarray(blotches(9, 9)).save("in/a.jpg")
    (line,) = refused(model, "in", "--out", "out")
    assert line == "out/a_labels.png: would be written for both in/a.jpg and in/a.png"
    (line,) = refused(model, "in", "--out", "out", "--submission")
    assert line == "out/a.png: would be written for both in/a.jpg and in/a.png"
    Path("in/a.jpg").unlink()
    assert run(model, "in", "./in/a.png", "in/*.png", "--out", "out") == 0  # the same file


def test_folders_are_mirrored_where_two_images_have_one_name(model, photos, capsys):
    Path("in/more/deep").mkdir(parents=True)
    for name in ("in/more/a.jpg", "in/more/deep/d.png"):
        Image.fromarray(blotches(9, 9)).save(name)
    assert run(model, "in", "--out", "out") == 0
    assert capsys.readouterr().out == "out: 5 images\n"
    written = [
        f"{place}/{name}"
        for place, stems in (("out", "abc"), ("out/more", "a"), ("out/more/deep", "d"))
        for name in results(*stems)
    ]
    assert sorted(str(p) for p in Path("out").rglob("*.png")) == sorted(written)
    assert pixels("out/more/a_labels.png").shape == (9, 9)
    assert run(model, "in/a.png", "in/more/a.jpg", "--submission", "--out", "one") == 0
    assert sorted(str(p) for p in Path("one").rglob("*.png")) == ["one/a.png", "one/more/a.png"]
    Path("in/more/a.jpg").unlink()
    assert run(model, "in", "--out", "flat") == 0  # as ever, where names tell the images apart
    assert names("flat") == results(*"abcd")


def test_no_image_is_written_over(model, photos):
    lines = refused(model, "in", "--out", "in", "--submission")
    assert lines[0] == "in/a.png: would be written over an image; choose another --out"
    assert len(lines) == 3
    Image.fromarray(blotches(9, 9)).save("in/a_labels.png")
    (line,) = refused(model, "in/a.png", "in/a_labels.png", "--out", "in")
    assert line.startswith("in/a_labels.png: would be written over an image")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["MODEL", "none.png", "--out", "out"], "none.png: no such file or directory"),
        (["MODEL", "x/*.png", "--out", "out"], "x/*.png: matches nothing"),
        (["MODEL", "empty", "--out", "out"], "empty: no image or video there"),
        (["MODEL", "--out", "out"], "required: IMAGE"),
        (["none.onnx", "in", "--out", "out"], "none.onnx: no such file or directory, allowed: "),
        (["in", "in", "--out", "out"], "in: a directory that holds a.png, b.png, c.png, allowed"),
        (["in/a.png", "in", "--out", "out"], "in/a.png: found a .png file, allowed: "),
        (["MODEL", "in", "--out", "in/a.png"], "--out: in/a.png is not a directory"),
        (["MODEL", "in", "--out", "in/a.png/b"], "cannot be written"),
        (["MODEL", "in", "--out", "out", "--threads", "0"], "--threads: found 0, allowed: integer"),
        (["MODEL", "in", "--out", "out", "--sumbission"], "did you mean --submission?"),
    ],
)
def test_what_is_refused(model, photos, arguments, error):
    Path("empty").mkdir()
    (line,) = refused(*[model if a == "MODEL" else a for a in arguments])
    assert error in line


def test_only_labels_of_cityscapes_can_be_submitted(graph, photos, tmp_path):
    camvid = write_onnx(
        tmp_path / "camvid.onnx",
        small_graph(outputs=12),
        describe_small(camvid_labels(void="background")),
    )
    (line,) = refused(camvid, "in", "--out", "out", "--submission")
    assert line.startswith("--submission: the labels of camvid are not those of Cityscapes (")
    assert run(camvid, "in", "--out", "out") == 0


# In a process of its own


def command(*arguments, cwd):
    return run_program(["-m", "kerasseg", "predict", *arguments], folder=cwd, COLUMNS="80")


def test_the_exit_status(model, photos, tmp_path):
    (photos / "b.png").write_bytes(b"no image")
    result = command(model, "in", "--out", "out", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "out: 2 images\n")
    assert result.stderr == "error: 1 of 3 images failed:\nerror: in/b.png: not an image\n"
    result = command(model, "none", "--out", "out", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "error: none: no such file or directory\n"


@pytest.mark.parametrize("kind", ["export", "run"])
def test_with_tensorflow(kind, graph, model, photos, tmp_path):
    if kind == "export":
        path = write_export(tmp_path / "small", graph, Path(model))
    else:
        path = write_run(tmp_path / "small")
    result = command(path, "in/a.png", "--out", "out", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "out: 1 image\n", "")
    assert run(model, "in/a.png", "--out", "out2") == 0
    ids, expected = (pixels(f"{out}/a_labels.png") for out in ("out", "out2"))
    assert (ids == expected).mean() >= 0.999


def test_sigterm_ends_it_in_good_order(model, photos, monkeypatch):
    compute, before = OnnxPredictor.compute, signal.getsignal(signal.SIGTERM)
    calls = []

    def interrupted(self, images):
        calls.append(images)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return compute(self, images)

    monkeypatch.setattr(OnnxPredictor, "compute", interrupted)
    assert run_command(lambda: run(model, "in", "--out", "out")) == 3
    assert names("out") == results("a")
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_photo_is_turned_upright_by_its_exif(model, photos, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(pixels(photos / "a.png"))).save(photos / "turned.png", exif=exif)
    assert run(model, "in/a.png", "in/turned.png", "--out", "out") == 0
    out = "out: 2 images, 1 of them turned upright by their EXIF orientation\n"
    assert capsys.readouterr().out == out
    for kind in ("labels", "overlay", "uncertainty"):
        np.testing.assert_array_equal(pixels(f"out/turned_{kind}.png"), pixels(f"out/a_{kind}.png"))


def test_an_image_whose_results_cannot_be_written_does_not_stop_the_others(model, photos, capsys):
    (photos / "b.png").rename(photos / f"{'b' * 240}.png")
    assert run_command(lambda: run(model, "in", "--out", "out")) == 1
    shown = capsys.readouterr().err.splitlines()
    assert shown[0] == "error: 1 of 3 images failed:"
    assert "bbb" in shown[1]
    assert "File name too long" in shown[1]
    assert len(shown) == 2
    assert names("out") == [
        f"{n}_{what}.png" for n in "ac" for what in ("labels", "overlay", "uncertainty")
    ]
