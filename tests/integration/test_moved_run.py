"""A run that was begun on a GPU is resumed on a CPU with the precision it was begun with."""

import signal

import pytest

from tests.integration.small_run import SMALL
from tests.programs import PROJECT

TRAIN = str(PROJECT / "train.py")
KILLED = str(PROJECT / "tests" / "integration" / "killed_run.py")
# All that `auto` looks at is what the cards are: the rest runs on the CPU here.
WITH_CARD = f"""
import runpy
from kerasseg.training import device
device.compute_capabilities = lambda: [(7, 5)]
runpy.run_path({KILLED!r}, run_name="__main__")
"""

pytestmark = pytest.mark.slow


def test_auto_stays_what_it_became(streets, run_command, tmp_path):
    settings = [f"data.root={streets}", f"run_dir={tmp_path / 'run'}", *SMALL, "train.jit=false"]
    begun = run_command("-c", WITH_CARD, "step:6", *settings)
    assert begun.returncode == -signal.SIGKILL, begun.stderr
    assert "precision mixed_float16 (auto: 1 GPU)" in begun.stdout
    resumed = run_command(TRAIN, *settings)
    assert resumed.returncode == 0, resumed.stderr
    assert "precision mixed_float16 (auto: as this run was begun)" in resumed.stdout
    assert "a new one would have precision float32" in resumed.stdout
    assert "resuming after step" in resumed.stdout
    again = run_command(TRAIN, *settings)
    assert again.returncode == 0
    assert "this run is finished" in again.stdout
