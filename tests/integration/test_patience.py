"""A run that ends by `train.patience`, at the same step whether or not it was interrupted."""

import json
import signal

import pytest

from tests.integration.same_run import assert_same_run, history
from tests.integration.small_run import SMALL
from tests.integration.test_resume import BARE, KILLED

pytestmark = pytest.mark.slow

# Weights and statistics that move by less than float32 resolves beside them: every validation finds
# the same mIoU. 4 steps an epoch.
STILL = (
    "optimizer.learning_rate=1.0e-30",
    "model.batch_norm_momentum=0.999999999999999",
    "train.stages=[{crop_scale: 0.6, epochs: 3}, {crop_scale: 1.0, epochs: 6}]",
    "train.patience=2",
)


def test_it_ends_where_a_run_without_a_break_ends(streets, run_command, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"

    def settings(run_dir):
        return [f"data.root={streets}", f"run_dir={run_dir}", *SMALL, *STILL]

    done = run_command(BARE, *settings(whole))
    assert done.returncode == 0, done.stderr
    # Two epochs without a gain after the first of the last stage; none of the first stage counts.
    assert len(history(whole)) == 6
    assert "train.patience" in done.stdout
    assert "the run ends after step 24 of 36" in " ".join(done.stdout.split())
    assert json.loads((whole / "metrics.json").read_text())

    killed = run_command(KILLED, "step:23", *settings(broken))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = run_command(BARE, *settings(broken))
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(broken, whole)

    again = run_command(BARE, *settings(whole))
    assert again.returncode == 0, again.stderr
    assert "this run is finished (train.patience)" in again.stdout
    assert len(history(whole)) == 6

    more = run_command(BARE, *settings(whole), "train.patience=3")
    assert more.returncode == 0, more.stderr
    assert len(history(whole)) == 7
    assert (whole / "metrics.json").exists()
