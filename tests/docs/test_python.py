"""The code of docs/python.md runs, from top to bottom."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inference.small_model import small_graph, write_onnx, write_run

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "exports" / "streets").mkdir(parents=True)
    write_onnx(tmp_path / "exports" / "streets" / "model.onnx", small_graph())
    write_run(tmp_path / "runs" / "streets")
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(code) == 7
    exec(compile("\n".join(code), "docs/python.md", "exec"), {})
    # The shapes that the comments of the page give.
    printed = capsys.readouterr().out
    for shape in re.findall(r"# (\([\d, ]+\))(?: (\([\d, ]+\)))?$", PAGE, re.M):
        assert " ".join(part for part in shape if part) in printed
    assert (tmp_path / "overlay.png").is_file()


def test_a_fresh_process_opens_the_best_net_with_the_import_of_the_page(
    tmp_path,
):
    write_run(tmp_path / "runs" / "streets")
    (code,) = re.findall(r"^```python\n([^`]*runs/streets/best\.keras.*?)^```$", PAGE, re.M | re.S)
    asked = (
        "import numpy as np\n"
        "logits = net.predict(np.full((1, 40, 56, 3), 128, np.uint8), verbose=0)[0]\n"
        "print(logits.dtype, logits.shape)\n"
    )
    shown = []
    for program in (code, code.replace("import kerasseg.models ", "import kerasseg ")):
        shown.append(
            subprocess.run(
                [sys.executable, "-c", program + asked],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
        )
    assert shown[0].stdout == "float32 (1, 40, 56, 20)\n", shown[0].stderr
    assert shown[1].returncode == 1
    assert "Could not locate class" in shown[1].stderr
