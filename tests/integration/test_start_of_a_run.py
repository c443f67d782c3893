"""What the start of a run says and keeps: precision of the run it resumes, how long it takes."""

import signal

import pytest

from kerasseg.runs.lock import locked
from tests.integration.small_run import SMALL
from tests.programs import PROJECT, run_program

TRAIN = str(PROJECT / "train.py")
BARE = str(PROJECT / "tests" / "integration" / "bare_run.py")
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
    resumed = run_command(BARE, *settings)
    assert resumed.returncode == 0, resumed.stderr
    assert "precision mixed_float16 (auto: as this run was begun)" in resumed.stdout
    assert "a new one would have precision float32" in resumed.stdout
    assert "resuming after step" in resumed.stdout
    again = run_command(BARE, *settings)
    assert again.returncode == 0
    assert "this run is finished" in again.stdout


@pytest.fixture(scope="module")
def trained(streets, tmp_path_factory):
    """(settings, run directory, output) of a run that says how long it takes, short as it is."""
    folder = tmp_path_factory.mktemp("trained")
    program = f"""
import runpy
from kerasseg.training import loop
loop._WORTH_SAYING = 0.0
runpy.run_path({TRAIN!r}, run_name="__main__")
"""
    run_dir = folder / "run"
    settings = [f"data.root={streets}", f"run_dir={run_dir}", *SMALL]
    done = run_program(["-c", program, *settings], folder=folder, XDG_CACHE_HOME=str(folder))
    assert done.returncode == 0, done.stderr
    return settings, run_dir, done.stdout


def test_the_log_says_how_long_it_takes(trained):
    """Without a terminal, too."""
    *_, said = trained
    # 12 steps in 3 epochs; the first one compiles, the next ten are timed.
    (line,) = [line for line in said.splitlines() if "to go: " in line]
    assert "to go: 1 steps of " in line
    assert "1 validation of " in line
    assert "for the final scores" in line


def test_beside_a_training_a_run_is_read_and_not_written_anew(trained, run_command):
    settings, run_dir, _ = trained
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    assert run_dir / "report.html" in before
    with locked(run_dir):  # as a training holds it
        for more in ([], ["--fresh"]):
            refused = run_command(TRAIN, *settings, *more)
            assert refused.returncode == 2
            assert "another training is running there" in refused.stderr
        after = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
        assert after == before
        report = run_command("-m", "kerasseg", "report", str(run_dir))
        assert report.returncode == 0, report.stderr
