"""A run that was killed ends like one that was not: same weights bit for bit, same history."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.integration.same_run import assert_same_run, history
from tests.integration.small_run import SMALL
from tests.programs import PROJECT

TRAIN = str(PROJECT / "train.py")
BARE = str(PROJECT / "tests" / "integration" / "bare_run.py")
KILLED = str(PROJECT / "tests" / "integration" / "killed_run.py")

pytestmark = pytest.mark.slow


def settings(streets: Path, run_dir: Path) -> list[str]:
    return [f"data.root={streets}", f"run_dir={run_dir}", *SMALL]


@pytest.fixture(scope="module")
def uninterrupted(streets, tmp_path_factory):
    """A run of 12 steps in 3 epochs that nobody disturbs."""
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    done = subprocess.run(
        [sys.executable, TRAIN, *settings(streets, run_dir)],
        env={**os.environ, "XDG_CACHE_HOME": str(run_dir.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(history(run_dir)) == 3
    return run_dir


@pytest.fixture
def killed_at_step_7(streets, run_command, tmp_path_factory, tmp_path):
    """A copy of a run that was killed between two states of its second epoch."""
    kept = tmp_path_factory.getbasetemp() / "killed_at_step_7"
    if not kept.exists():
        killed = run_command(KILLED, "step:7", *settings(streets, kept))
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    return Path(shutil.copytree(kept, tmp_path / "run"))


# 4 steps an epoch, a state every 2 steps and after each epoch, 2 batches a validation.
@pytest.mark.parametrize(
    ("where", "status"),
    [
        ("validation:3", -signal.SIGKILL),  # the first batch of the second validation
        ("save:5", -signal.SIGKILL),  # half of a state is written
        ("terminate:6", 3),
    ],
)
def test_a_killed_run_goes_on_bit_for_bit(
    where, status, streets, uninterrupted, run_command, tmp_path
):
    run_dir = tmp_path / "run"
    killed = run_command(KILLED, where, *settings(streets, run_dir))
    assert killed.returncode == status, killed.stderr
    assert not (run_dir / "metrics.json").exists()
    if status == 3:
        assert "run the same command again" in killed.stderr + killed.stdout
    resumed = run_command(BARE, *settings(streets, run_dir))
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming after step" in resumed.stdout
    assert_same_run(run_dir, uninterrupted)
    assert not [p for p in run_dir.rglob("*") if ".tmp" in p.name]


def test_a_run_that_was_killed_between_two_states_goes_on_bit_for_bit(
    killed_at_step_7, streets, uninterrupted, run_command
):
    assert not (killed_at_step_7 / "metrics.json").exists()
    resumed = run_command(TRAIN, *settings(streets, killed_at_step_7))
    assert resumed.returncode == 0, resumed.stderr
    assert "resuming after step 6" in resumed.stdout
    assert_same_run(killed_at_step_7, uninterrupted)


def test_a_damaged_state_falls_back_to_the_one_before(
    killed_at_step_7, streets, uninterrupted, run_command
):
    run_dir = killed_at_step_7
    newest = sorted((run_dir / "state").glob("*.npz"))[-1]
    content = newest.read_bytes()
    newest.write_bytes(content[: len(content) // 2])
    resumed = run_command(BARE, *settings(streets, run_dir))
    assert resumed.returncode == 0, resumed.stderr
    assert newest.name in resumed.stdout
    assert_same_run(run_dir, uninterrupted)


def test_a_budget_is_planned_once(streets, run_command, tmp_path):
    run_dir = tmp_path / "run"
    arguments = [*settings(streets, run_dir), "train.minutes=1"]
    killed = run_command(KILLED, "budget:20", *arguments)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with np.load(sorted((run_dir / "state").glob("*.npz"))[-1]) as archive:
        plan = json.loads(str(archive["meta"]))["plan"]
    # By the clock of killed_run.py ten steps take a second, and so does the last image that is
    # validated: 3 s for three. So does each one that is scored: 3 s, 1 s for its panel and 1 s
    # until the first. Of the 60 s, 4 % stay in reserve.
    total = sum(steps for *_, steps in plan)
    assert total * 0.1 + len(plan) * 3 + 5 <= 60 * 0.96
    assert (total + 4) * 0.1 + (len(plan) + 1) * 3 + 5 > 60 * 0.96
    other = "train.stages=[{crop_scale: 0.6, epochs: 2}, {crop_scale: 1.0, epochs: 1}]"
    refused = run_command(BARE, *arguments, other)
    assert refused.returncode == 2
    assert "train.stages" in refused.stderr
    resumed = run_command(BARE, *arguments)
    assert resumed.returncode == 0, resumed.stderr
    assert "minutes =" not in resumed.stdout
    rows = history(run_dir)
    assert [int(row["steps"]) for row in rows] == [steps for *_, steps in plan]
    assert {row["stage"] for row in rows} == {"1", "2"}


def test_a_finished_run_says_so_and_can_be_made_longer(
    streets, uninterrupted, run_command, tmp_path
):
    run_dir = Path(shutil.copytree(uninterrupted, tmp_path / "run"))
    arguments = settings(streets, run_dir)
    report = run_dir / "report.html"
    report.unlink()  # as if killed just before it was written
    again = run_command(TRAIN, *arguments)
    assert again.returncode == 0
    assert str(report) in again.stdout
    first = report.read_bytes()
    assert "this run is finished" in again.stdout
    assert "mIoU" in again.stdout
    longer = "train.stages=[{crop_scale: 0.6, epochs: 1}, {crop_scale: 1.0, epochs: 3}]"
    more = run_command(TRAIN, *arguments, longer)
    assert more.returncode == 0, more.stderr
    assert len(history(run_dir)) == 4
    assert report.read_bytes() != first
    earlier = "train.stages=[{crop_scale: 0.6, epochs: 2}, {crop_scale: 1.0, epochs: 3}]"
    before = {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}
    refused = run_command(TRAIN, *arguments, earlier)
    assert refused.returncode == 2
    assert "train.stages" in refused.stderr
    assert before == {path: path.read_bytes() for path in run_dir.rglob("*") if path.is_file()}


def test_a_loss_that_is_not_finite_stops_with_the_last_good_state(streets, run_command, tmp_path):
    run_dir = tmp_path / "run"
    wild = ["optimizer.name=sgd", "optimizer.learning_rate=1e30", "optimizer.schedule=constant"]
    done = run_command(BARE, *settings(streets, run_dir), *wild)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "the loss is not finite" in done.stderr
    newest = sorted((run_dir / "state").glob("*.npz"))[-1]
    assert str(newest) in done.stderr
    with np.load(newest) as archive:
        assert all(np.isfinite(archive[n]).all() for n in archive.files if n != "meta")
