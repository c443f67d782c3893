"""The code of docs/python.md runs, from top to bottom."""

import re
from pathlib import Path

import pytest

from tests.inference.small_model import small_graph, write_onnx

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "exports" / "streets").mkdir(parents=True)
    write_onnx(tmp_path / "exports" / "streets" / "model.onnx", small_graph())
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(code) == 6
    exec(compile("\n".join(code), "docs/python.md", "exec"), {})
    # The shapes that the comments of the page give.
    printed = capsys.readouterr().out
    for shape in re.findall(r"# (\([\d, ]+\))(?: (\([\d, ]+\)))?$", PAGE, re.M):
        assert " ".join(part for part in shape if part) in printed
    assert (tmp_path / "overlay.png").is_file()
