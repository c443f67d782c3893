"""examples/quickstart.ipynb runs from top to bottom, and has been run: its pictures are in it."""

import base64
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOK = json.loads((PROJECT / "examples" / "quickstart.ipynb").read_text(encoding="utf-8"))
CODE = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
# What makes it short: (as it stands, in the test).
SHORTER = [
    ("STEPS = 900", "STEPS = 4"),
    ('"--train", 200', '"--train", 6'),
    ('"--val", 20', '"--val", 2'),
]


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(tmp_path):
    source = "\n".join("".join(cell["source"]) for cell in CODE)
    for long, short in SHORTER:
        assert source.count(long) == 1
        source = source.replace(long, short)
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "mean IoU 0." in done.stdout
    assert "unlabelled, the most of 2 images\nmean uncertainty 0." in done.stdout
    made = {path.name for path in (tmp_path / "quickstart").iterdir()}
    assert made == {"streets", "sheet.png", "run", "export", "labelled"}


def test_its_pictures_are_in_it():
    pictures = [
        Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"])))
        for cell in CODE
        for output in cell["outputs"]
        if "image/png" in output.get("data", {})
    ]
    assert len(pictures) == 3
    for picture in pictures:
        assert min(picture.size) >= 100
        assert len(picture.convert("RGB").getcolors(2**20)) > 50


def test_every_cell_has_been_run_in_order_without_a_warning():
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    outputs = [output for cell in CODE for output in cell["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert "/tmp" not in json.dumps(NOTEBOOK)
