"""What works where only `pip install .` was run, and what is said of the rest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from kerasseg.streets.draw import draw_streets
from tests.inference.small_model import blotches, small_graph, write_onnx

PROJECT = Path(__file__).resolve().parents[2]

# Refuses to import what the extra `train` brings, as if it were not installed.
_SCRIPT = """
import sys
NOT_INSTALLED = {
    "tensorflow", "keras", "tensorboard", "matplotlib", "h5py", "onnx", "tf2onnx",
    "tensorflow_serving", "grpc", "google",
}
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in NOT_INSTALLED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NotInstalled())
from kerasseg.commands.main import main
status = main()
assert not NOT_INSTALLED & set(sys.modules)
sys.exit(status)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """`model.onnx`, two images in `in/`, a drawn data set; what looks like a run, an export."""
    folder = tmp_path_factory.mktemp("base")
    write_onnx(folder / "model.onnx", small_graph())
    for name in ("in", "run", "export"):
        (folder / name).mkdir()
    (folder / "run" / "config.yaml").touch()
    (folder / "export" / "saved_model.pb").touch()
    for i in range(2):
        Image.fromarray(blotches(40, 60, seed=i)).save(folder / "in" / f"{i}.png")
    draw_streets(folder / "streets", train=1, val=2, seed=0)
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", _SCRIPT, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_predict_with_an_onnx_file(folder):
    result = run(folder, "predict", "model.onnx", "in", "--out", "out")
    assert (result.returncode, result.stdout, result.stderr) == (0, "out: 2 images\n", "")
    assert len(list((folder / "out").glob("*.png"))) == 6


def test_evaluate_with_an_onnx_file(folder):
    words = ["evaluate", "model.onnx", "--config", "streets", "data.root=streets"]
    more = ["data.cache_dir=cache", "--boundaries", "--json", "scores.json"]
    result = run(folder, *words, *more)
    assert (result.returncode, result.stderr) == (0, "")
    scores = json.loads((folder / "scores.json").read_text())
    assert scores["images"] == 2


def test_check(folder):
    words = ["check", "--config", "streets", "data.root=streets", "data.cache_dir=cache"]
    result = run(folder, *words)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "package"),
    [
        (["train", "data.root=streets"], "tensorflow"),
        (["export", "run"], "tensorflow"),
        (["pack", "streets", "packed"], "tensorflow"),
        (["ablate", "--config", "streets", "--steps", "1"], "tensorflow"),
        (["predict", "export", "in", "--out", "out2"], "tensorflow"),
        (["predict", "run", "in", "--out", "out2"], "tensorflow"),
        (["evaluate", "run", "--config", "streets", "data.root=none"], "tensorflow"),
        (["evaluate", "model.onnx", "--config", "streets", "--plots", "a"], "matplotlib"),
        (["report", "run"], "matplotlib"),
    ],
    ids=" ".join,
)
def test_what_needs_more_says_how_to_install_it(folder, words, package):
    before = sorted(folder.rglob("*"))
    result = run(folder, *words)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {package}: not installed")
    assert 'pip install ".[train]"' in line
    assert sorted(folder.rglob("*")) == before
