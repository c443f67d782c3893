"""What predict says of files that it passes over, cards without use and images without room."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from kerasseg import gpus
from kerasseg.commands.main import start
from kerasseg.errors import UserError
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from tests.inference.small_model import blotches, describe_small, small_graph, write_onnx, write_run


@pytest.fixture(scope="module")
def graph():
    return small_graph()


@pytest.fixture(scope="module")
def model(graph, tmp_path_factory):
    return write_onnx(tmp_path_factory.mktemp("onnx") / "model.onnx", graph)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Three images in `in/`, the second of which is 97 pixels high."""
    (tmp_path / "in").mkdir()
    for name, size in {"a": (60, 90), "b": (97, 40), "c": (60, 90)}.items():
        Image.fromarray(blotches(*size)).save(tmp_path / "in" / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "in"


def run(*arguments):
    return start(["predict", *map(str, arguments)])


@pytest.mark.parametrize("error", ["tensorflow", "python"])
def test_an_image_too_large_for_the_memory_does_not_stop_the_others(
    model, photos, monkeypatch, capsys, error
):
    compute = OnnxPredictor.compute

    def fail(self, images):
        if images.shape[1] != 97:
            return compute(self, images)
        if error == "python":
            raise MemoryError
        import tensorflow as tf

        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor[1,97,40,20]")

    monkeypatch.setattr(OnnxPredictor, "compute", fail)
    assert run(model, "in", "--out", "out") == 1
    out, err = capsys.readouterr()
    assert out == "out: 2 images\n"
    assert err.splitlines() == [
        "error: 1 of 3 images failed:",
        "error: in/b.png: out of memory; a smaller serving.tile needs less",
    ]
    kinds = ("labels", "overlay", "uncertainty")
    assert {p.name for p in Path("out").iterdir()} == {f"{n}_{k}.png" for n in "ac" for k in kinds}
    with pytest.raises(UserError, match=r"^1 of 1 images failed:\nin/b.png: out of memory; "):
        run(model, "in/b.png", "--out", "out2")


def test_without_a_fixed_scale_the_advice_is_another(graph, photos, monkeypatch, tmp_path):
    free = write_onnx(tmp_path / "free.onnx", graph, replace(describe_small(), scale=None))

    def fail(self, images):
        raise MemoryError

    monkeypatch.setattr(OnnxPredictor, "compute", fail)
    advice = r"a smaller image needs less, and so do tiles: serving\.scale with serving\.tile"
    with pytest.raises(UserError, match=rf"^1 of 1 .*\nin/b.png: out of memory; {advice}"):
        run(free, "in/b.png", "--out", "out")


def test_what_is_passed_over_in_a_folder_is_counted(model, photos, capsys):
    (photos / "d.heic").write_bytes(b"a photo")
    (photos / "notes.txt").write_bytes(b"a text")
    assert run(model, "in", "--out", "out") == 0
    note = "note: images: 2 files are not used, such as in/d.heic\n"
    assert capsys.readouterr().out == f"{note}out: 3 images\n"
    with pytest.raises(UserError, match=r"^1 of 1 images failed:\nin/d\.heic: not an image$"):
        run(model, "in/d.heic", "--out", "out2")  # named itself, it is an error


def test_a_card_that_tensorflow_does_not_use_is_told(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gpus, "missing_gpu_notice", lambda: "a card is here")
    path = write_run(tmp_path / "small")
    assert run(path, "in/a.png", "--out", "out") == 0
    assert capsys.readouterr().out == "a card is here\nout: 1 image\n"


@pytest.mark.parametrize(
    ("tool", "written"),
    [
        ("coco", ["annotations.json"]),
        ("labelme", ["a.json", "b.json", "c.json"]),
        ("cvat", ["annotations.xml"]),
    ],
)
def test_polygons_for_an_annotation_tool(model, photos, tool, written, capsys):
    assert run(model, "in", "--format", tool, "--out", "out") == 0
    assert capsys.readouterr() == ("out: 3 images\n", "")
    assert sorted(path.name for path in Path("out").iterdir()) == written
    text = Path("out", written[0]).read_text()
    assert ("../in/a.png" if tool == "labelme" else "a.png") in text
    coarse = ["--format", tool, "--tolerance", "20", "--out", "coarse"]
    assert run(model, "in", *coarse) == 0
    assert len(Path("coarse", written[0]).read_text()) < len(text)
    with pytest.raises(UserError, match="--format and --submission: allowed is one of them"):
        run(model, "in", "--format", tool, "--submission", "--out", "new")
    assert not Path("new").exists()
