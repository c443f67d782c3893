"""Runs of the real command in a process of its own, on a handful of drawn street scenes."""

import subprocess
from pathlib import Path

import pytest

from kerasseg.streets.draw import draw_streets
from tests.programs import run_program


@pytest.fixture(scope="session")
def streets(tmp_path_factory) -> Path:
    """Eight training and three validation scenes in the Cityscapes layout."""
    root = tmp_path_factory.mktemp("data") / "streets"
    draw_streets(root, train=8, val=3, seed=5, workers=1)  # two would have to start
    return root


@pytest.fixture
def run_command(tmp_path):
    """Callable: runs a command line of Python in `tmp_path`, returns the CompletedProcess.

    Caches go below `tmp_path`. The project is importable, as it is for `python train.py`.
    """

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"), **environment}
        return run_program(arguments, folder=tmp_path, **environment)

    return run
