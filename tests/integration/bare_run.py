"""Runs train.py without what it draws for people, a third of a short run: no TensorBoard, no page.

`bare_run.py ARGUMENTS…`. What is trained, saved, scored and printed is train.py's own. Tests that
compare such a run with one of train.py itself show that nothing of it hangs on the drawings.
"""

import runpy
import sys
from pathlib import Path
from unittest.mock import MagicMock

from kerasseg.backend import load_tensorflow

load_tensorflow()

from kerasseg.report import run_report  # noqa: E402
from kerasseg.training import loop  # noqa: E402


def draw_nothing() -> None:
    """In this process, and in those that are forked from it."""
    loop.TensorBoard = MagicMock()
    run_report.write_report = lambda path, *, catalog: None


def run_bare(arguments: list[str]) -> None:
    draw_nothing()
    program = Path(__file__).resolve().parents[2] / "train.py"
    sys.argv = [str(program), *arguments]
    runpy.run_path(str(program), run_name="__main__")


if __name__ == "__main__":
    run_bare(sys.argv[1:])
