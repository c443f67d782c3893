"""`train.mlflow` with the real command: a run that was killed and resumed is one run of MLflow."""

import json
import signal

import pytest

from tests.integration.same_run import history
from tests.integration.small_run import SMALL
from tests.integration.test_resume import KILLED, TRAIN

pytestmark = pytest.mark.slow


def test_a_run_that_was_killed_is_one_run_of_mlflow(streets, run_command, tmp_path):
    from mlflow import MlflowClient

    run_dir, database = tmp_path / "run", tmp_path / "new" / "mlflow.db"
    settings = [f"data.root={streets}", f"run_dir={run_dir}", *SMALL, f"train.mlflow={database}"]
    killed = run_command(KILLED, "step:7", *settings)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed = run_command(TRAIN, *settings)
    assert (resumed.returncode, resumed.stderr) == (0, "")

    client = MlflowClient(tracking_uri=f"sqlite:///{database}")
    (experiment,) = client.search_experiments(filter_string="name = 'kerasseg'")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["train.batch_size"] == "2"
    rows = history(run_dir)
    for name in ("loss", "val_miou"):
        found = client.get_metric_history(run.info.run_id, name)
        expected = [(int(row["images_seen"]), float(row[name])) for row in rows]
        assert [(metric.step, metric.value) for metric in found] == expected
    scores = json.loads((run_dir / "metrics.json").read_text())
    assert run.data.metrics["final_miou"] == scores["miou"]


def test_an_address_that_does_not_answer_ends_it_before_anything_is_written(
    streets, run_command, tmp_path
):
    run_dir = tmp_path / "run"
    settings = [f"data.root={streets}", f"run_dir={run_dir}", *SMALL]
    refused = run_command(TRAIN, *settings, "train.mlflow=http://127.0.0.1:9")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: train.mlflow: http://127.0.0.1:9: ")
    assert refused.stderr.count("\n") == 1
    assert not run_dir.exists()
