"""examples/ray_predict.py writes what `predict` writes. Skipped, visibly, where Ray is missing."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from kerasseg import __main__ as program
from tests.inference.small_model import blotches

PROJECT = Path(__file__).parents[2]

# Looked for, not imported: its own warnings would be errors.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason='no Ray here: pip install "ray[data]"'),
]


def test_ray_writes_the_same_bytes_and_goes_on_where_it_stopped(export_dir, tmp_path, monkeypatch):
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(5):
        Image.fromarray(blotches(20, 30, seed=number)).save(photos / f"{number}.png")
    (photos / "broken.png").write_bytes(b"no image")

    def run(out: str) -> subprocess.CompletedProcess:
        script = PROJECT / "examples" / "ray_predict.py"
        options = ["--out", str(tmp_path / out), "--workers", "2", "--batch", "2"]
        return subprocess.run(
            [sys.executable, str(script), str(export_dir), str(photos), *options],
            env={**os.environ, "RAY_AUTH_MODE": "disabled"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    done = run("ray")
    assert done.returncode == 1, done.stderr
    assert "5 of 6 images" in done.stdout
    assert "broken.png" in done.stderr
    model = str(export_dir / "latest" / "model.onnx")
    words = ["predict", model, str(photos), "--out", str(tmp_path / "plain"), "--threads", "1"]
    monkeypatch.setattr("sys.argv", ["kerasseg", *words])
    assert program.main() == 1
    names = sorted(path.name for path in (tmp_path / "plain").iterdir())
    assert len(names) == 15
    assert names == sorted(path.name for path in (tmp_path / "ray").iterdir())
    for name in names:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()

    (photos / "broken.png").unlink()
    (tmp_path / "ray" / "3_uncertainty.png").unlink()
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "ray").iterdir() if p.name[0] != "3"}
    assert run("ray").returncode == 0
    assert sorted(path.name for path in (tmp_path / "ray").iterdir()) == names
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
