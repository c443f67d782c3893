"""What the start of a run says and keeps: precision of the run it resumes, how long it takes."""

import signal

import pytest

from kerasseg.runs.lock import locked
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


def test_the_log_says_how_long_it_takes(streets, run_command, tmp_path):
    """Without a terminal, too; however short the run is, as far as this test goes."""
    program = f"""
import runpy
from kerasseg.training import loop
loop._WORTH_SAYING = 0.0
runpy.run_path({TRAIN!r}, run_name="__main__")
"""
    settings = [f"data.root={streets}", f"run_dir={tmp_path / 'run'}", *SMALL]
    done = run_command("-c", program, *settings)
    assert done.returncode == 0, done.stderr
    # 12 steps in 3 epochs; the first one compiles, the next ten are timed.
    (line,) = [line for line in done.stdout.splitlines() if "to go: " in line]
    assert "to go: 1 steps of " in line
    assert "1 validation of " in line
    assert "for the final scores" in line


def test_beside_a_training_a_run_is_read_and_not_written_anew(streets, run_command, tmp_path):
    run_dir = tmp_path / "run"
    settings = [f"data.root={streets}", f"run_dir={run_dir}", *SMALL]
    assert run_command(TRAIN, *settings).returncode == 0
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    with locked(run_dir):  # as a training holds it
        for more in ([], ["--fresh"]):
            refused = run_command(TRAIN, *settings, *more)
            assert refused.returncode == 2
            assert "another training is running there" in refused.stderr
        after = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
        assert after == before
        report = run_command("-m", "kerasseg", "report", str(run_dir))
        assert report.returncode == 0, report.stderr
