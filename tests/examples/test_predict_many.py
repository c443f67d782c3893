"""Labelling a large folder with Ray Data: the labels of `predict`, whatever happens on the way."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kerasseg
from kerasseg.data.image_file import read_image
from tests.inference.small_model import small_graph, write_onnx

pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-dev.txt")
PROJECT = Path(__file__).resolve().parents[2]
IMAGES = 200


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(PROJECT / "examples" / "predict_many.py"), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_the_labels_are_those_of_predict_and_a_second_run_makes_what_is_missing(tmp_path):
    images, out = tmp_path / "images", tmp_path / "labels"
    images.mkdir()
    rng = np.random.default_rng(0)
    for index in range(IMAGES):
        size = (24 + index % 7, 32 + index % 5, 3)
        noise = np.kron(rng.integers(0, 256, (5, 6, 3)), np.ones((8, 8, 1)))[: size[0], : size[1]]
        Image.fromarray(noise.astype(np.uint8)).save(images / f"{index:03}.png")
    (images / "bad.png").write_bytes(b"no image")
    model = write_onnx(tmp_path / "model.onnx", small_graph())
    done = run(model, images, "--out", out, "--workers", 2, "--threads", 1)
    assert done.returncode == 1, done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert "bad.png" in errors[0]
    assert f"{IMAGES} labelled, 1 failed" in done.stdout
    predictor = kerasseg.load(model)
    assert len(list(out.iterdir())) == IMAGES
    for path in images.glob("[0-9]*.png"):
        expected = predictor.predict(read_image(path)).label_ids()
        assert np.array_equal(np.asarray(Image.open(out / path.name)), expected)
    (images / "bad.png").unlink()
    kept = out / "000.png"
    before = kept.stat().st_mtime_ns
    (out / "199.png").unlink()
    again = run(model, images, "--out", out, "--workers", 1, "--threads", 1)
    assert again.returncode == 0, again.stderr
    assert f"{IMAGES} images, {IMAGES - 1} labelled before" in again.stdout
    assert (out / "199.png").is_file()
    assert kept.stat().st_mtime_ns == before


def test_what_cannot_be_labelled_is_refused_at_once(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("a/x.png", "a/x.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "m.onnx").touch()
    for arguments, words in (
        ((tmp_path / "none.onnx", tmp_path / "a"), "none.onnx: expected an .onnx file"),
        ((tmp_path / "m.onnx", tmp_path / "b"), "b: no such file or directory"),
        ((tmp_path / "m.onnx", tmp_path / "a"), "2 images are named x"),
    ):
        done = run(*arguments, "--out", tmp_path / "out")
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
