"""What `kerasseg.load` opens, what it refuses, and what it imports for it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

import kerasseg
from kerasseg.errors import UserError
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.inference.backends.run import RunPredictor
from kerasseg.inference.backends.tensorflow_runtime import SavedModelPredictor

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("fixture", "below", "kind"),
    [
        ("onnx_file", "", OnnxPredictor),
        ("export_dir", "model.onnx", OnnxPredictor),
        ("export_dir", "", SavedModelPredictor),
        ("export_dir", "1", SavedModelPredictor),
        ("export_dir", "latest", SavedModelPredictor),
        ("run_dir", "", RunPredictor),
    ],
)
def test_load_opens_what_is_there(request, fixture, below, kind):
    path = request.getfixturevalue(fixture) / below
    assert type(kerasseg.load(path)) is kind
    assert type(kerasseg.load(str(path))) is kind


def test_an_export_without_links_opens_its_newest_version(export_dir, tmp_path):
    for number in ("2", "10"):
        shutil.copytree(export_dir / "1", tmp_path / number)
    (tmp_path / "2" / "saved_model.pb").write_bytes(b"damaged")
    assert type(kerasseg.load(tmp_path)) is SavedModelPredictor


def test_an_export_of_onnx_alone(onnx_file, tmp_path):
    (tmp_path / "1").mkdir()
    shutil.copy(onnx_file, tmp_path / "1" / "model.onnx")
    assert type(kerasseg.load(tmp_path)) is OnnxPredictor


def test_a_saved_model_whose_labels_are_the_asset_alone(export_dir, tmp_path):
    path = tmp_path / "moved"
    shutil.copytree(export_dir / "1", path)
    (path / "labels.json").unlink()
    assert SavedModelPredictor(path).label_set.num_classes == 19
    (path / "assets" / "labels.json").unlink()
    with pytest.raises(UserError, match=r"moved: a SavedModel, but not one that export\.py wrote"):
        SavedModelPredictor(path)


def test_a_damaged_saved_model(export_dir, tmp_path):
    path = tmp_path / "moved"
    shutil.copytree(export_dir / "1", path)
    (path / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"moved: cannot be loaded as a SavedModel") as caught:
        kerasseg.load(path)
    assert len(str(caught.value).splitlines()) == 1


def test_what_cannot_be_opened(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for name, found in (
        ("none", "no such file or directory"),
        ("model.pt", r"found a \.pt file"),
        ("empty", "a directory that holds nothing"),
        ("", r"a directory that holds empty, model\.pt"),
    ):
        with pytest.raises(UserError, match=f"{found}, allowed: a run directory, an export"):
            kerasseg.load(tmp_path / name)


def test_a_run_without_weights(run_dir, tmp_path):
    shutil.copy(run_dir / "config.yaml", tmp_path)
    with pytest.raises(UserError, match=f"^{tmp_path}: "):
        kerasseg.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x07\x12\x05"])
def test_a_file_that_is_no_onnx_model(tmp_path, content, capfd):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not an ONNX model that can be run") as caught:
        OnnxPredictor(path)
    (line,) = str(caught.value).splitlines()
    assert line.count(str(path)) == 1
    assert capfd.readouterr() == ("", "")
    with pytest.raises(UserError, match=r"none\.onnx: no such file"):
        OnnxPredictor(tmp_path / "none.onnx")


def test_a_damaged_onnx_file_raises_nothing_else(onnx_file, tmp_path):
    data = onnx_file.read_bytes()
    path = tmp_path / "model.onnx"
    for length in (10, len(data) // 3, len(data) - 10):
        path.write_bytes(data[:length])
        with pytest.raises(UserError, match=r"model\.onnx: "):
            OnnxPredictor(path)


def test_an_onnx_model_of_somebody_else(onnx_file, tmp_path):
    model = onnx.load(onnx_file)
    path = tmp_path / "model.onnx"
    (text,) = (entry.value for entry in model.metadata_props if entry.key == "kerasseg")
    for properties, message in (
        ({}, 'not one that export.py wrote \\(no metadata "kerasseg"\\)'),
        ({"kerasseg": "{"}, "metadata: not JSON"),
        ({"kerasseg": json.dumps({**json.loads(text), "stride": 0})}, "metadata: .*found 0"),
    ):
        del model.metadata_props[:]
        onnx.helper.set_model_props(model, properties)
        onnx.save(model, path)
        with pytest.raises(UserError, match=f"^{path}: .*{message}"):
            OnnxPredictor(path)
    onnx.helper.set_model_props(model, {"kerasseg": text})
    model.graph.output[0].name = model.graph.output[0].name + "_"
    for node in model.graph.node:
        node.output[:] = [
            name + "_" if name + "_" == model.graph.output[0].name else name for name in node.output
        ]
    onnx.save(model, path)
    with pytest.raises(UserError, match=r"not one that export\.py wrote"):
        OnnxPredictor(path)


_SCRIPT = """
import sys
import kerasseg
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
import numpy as np
for predictor in (kerasseg.load(sys.argv[1]), OnnxPredictor(sys.argv[1])):
    found = predictor.predict(np.zeros((40, 60, 3), np.uint8))
    found.save(sys.argv[2], "a", image=np.zeros((40, 60, 3), np.uint8))
heavy = {"tensorflow", "keras", "onnx", "pydantic", "rich", "yaml", "tf2onnx", "scipy"}
print(sorted(heavy & set(sys.modules)))
"""


def test_onnx_needs_numpy_pillow_and_onnxruntime_only(onnx_file, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(onnx_file), str(tmp_path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "[]\n", "")
    assert len(list(tmp_path.iterdir())) == 3


_NO_KERAS = """
import sys
sys.modules["keras"] = None  # importing it fails
import kerasseg
import numpy as np
kerasseg.load(sys.argv[1], threads=1).predict(np.zeros((40, 60, 3), np.uint8))
print([name for name in sys.modules if name.startswith(("kerasseg.model", "kerasseg.training"))])
"""


def test_a_saved_model_needs_no_keras(export_dir):
    result = subprocess.run(
        [sys.executable, "-c", _NO_KERAS, str(export_dir)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "[]\n"


def test_a_run_is_opened_whatever_backend_keras_is_set_to(run_dir):
    script = "import kerasseg, sys; print(type(kerasseg.load(sys.argv[1])).__name__)"
    result = subprocess.run(
        [sys.executable, "-c", script, str(run_dir)],
        cwd=PROJECT,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "RunPredictor\n"
