"""What MLflow has of a run, read back through MLflow's own client."""

import json

import pytest

from kerasseg.config import load_config
from kerasseg.config.words import setting_values
from kerasseg.errors import Interrupted, UserError
from kerasseg.runs.directory import RunDirectory
from kerasseg.training.mlflow_run import MlflowRun, check_tracking, open_mlflow_run, tracking_uri

ROWS = [
    {"epoch": str(i), "images_seen": str(10 * i), "loss": f"{1 / i}", "val_miou": miou}
    for i, miou in ((1, ""), (2, "0.25"), (3, "0.5"))
]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Its tables take seconds to make."""
    return tmp_path_factory.mktemp("mlflow") / "mlflow.db"


@pytest.fixture
def config(database, tmp_path):
    return load_config(None, [f"train.mlflow={database}", f"run_dir={tmp_path / 'street'}"])


@pytest.fixture
def run(config):
    directory = RunDirectory(config.run_path)
    directory.path.mkdir()
    directory.write_config(config)
    directory.labels.write_text("{}")
    directory.history.write_text("epoch\n")
    directory.metrics.write_text(json.dumps({"miou": 0.5, "images": 3, "classes": {"road": {}}}))
    return directory


@pytest.fixture(scope="module")
def client(database):
    import mlflow

    return mlflow.MlflowClient(tracking_uri=tracking_uri(str(database)))


def logged(client, run_id, name):
    return [(m.step, m.value) for m in client.get_metric_history(run_id, name)]


def test_settings_rows_scores_and_files_of_a_run(config, run, client, database):
    with MlflowRun(str(database), run, config) as tracked:
        kept = client.get_run(tracked.run_id)
        assert (kept.info.status, kept.info.run_name) == ("RUNNING", "street")
        tracked.epochs(ROWS[:1])
        tracked.epochs(ROWS)
        tracked.finish(run, ROWS)
    kept = client.get_run(tracked.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.data.params == {k: str(v) for k, v in setting_values(config).items()}
    assert logged(client, tracked.run_id, "loss") == [(10, 1.0), (20, 0.5), (30, 1 / 3)]
    assert logged(client, tracked.run_id, "val_miou") == [(20, 0.25), (30, 0.5)]
    assert logged(client, tracked.run_id, "final_miou") == [(0, 0.5)]
    files = sorted(file.path for file in client.list_artifacts(tracked.run_id))
    assert kept.info.artifact_uri.startswith((database.parent / "mlruns").as_uri())
    assert files == ["config.yaml", "history.csv", "labels.json", "metrics.json"]


def test_a_resumed_run_goes_on_where_it_was(config, run, client, database):
    first = MlflowRun(str(database), run, config)

    def interrupted_after_an_epoch():
        with first:
            first.epochs(ROWS[:1])
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupted_after_an_epoch()
    assert client.get_run(first.run_id).info.status == "KILLED"
    # Killed between the state of its second epoch and what MLflow was sent of it.
    with MlflowRun(str(database), run, config) as second:
        assert client.get_run(second.run_id).info.status == "RUNNING"
        second.epochs(ROWS)
    assert second.run_id == first.run_id
    assert logged(client, first.run_id, "loss") == [(10, 1.0), (20, 0.5), (30, 1 / 3)]
    client.delete_run(first.run_id)
    with pytest.raises(ZeroDivisionError), MlflowRun(str(database), run, config) as anew:
        1 / 0  # noqa: B018
    assert anew.run_id != first.run_id
    assert client.get_run(anew.run_id).info.status == "FAILED"
    run.open(config, fresh=True)
    assert not run.mlflow.exists()


def test_a_server_that_goes_away_does_not_end_the_training(
    config, run, client, database, monkeypatch, capsys
):
    with MlflowRun(str(database), run, config) as tracked:
        kept = tracked._client

        class Gone:
            def __getattr__(self, name):
                raise ConnectionError("refused. Try again")

        tracked._client = Gone()
        tracked.epochs(ROWS[:1])
        tracked.epochs(ROWS[:2])
        said = capsys.readouterr().err.splitlines()
        assert said == [f"MLflow, {database}: refused; training goes on"]
        tracked._client = kept  # it is back: what it missed is sent
        tracked.epochs(ROWS)
    assert logged(client, tracked.run_id, "loss") == [(10, 1.0), (20, 0.5), (30, 1 / 3)]


def test_off_by_default(run):
    with open_mlflow_run(run, load_config(None)) as tracked:
        assert tracked is None
    assert not run.mlflow.exists()


def test_a_server_that_is_busy_is_not_one_that_forgot(config, run, database, monkeypatch):
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with MlflowRun(str(database), run, config) as first:
        first.epochs(ROWS[:1])
    kept = run.mlflow.read_text()

    def busy(self, run_id):
        raise MlflowException("busy", error_code=503)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "get_run", busy)
        with pytest.raises(
            UserError, match=r"^train\.mlflow: .*: busy \(null goes on without it\)"
        ):
            MlflowRun(str(database), run, config)
    assert run.mlflow.read_text() == kept
    with MlflowRun(str(database), run, config) as second:
        assert second.run_id == first.run_id


def test_of_a_finished_run_nothing_is_sent_again_but_what_is_new(config, run, client, database):
    with MlflowRun(str(database), run, config) as tracked:
        tracked.finish(run, ROWS[:2])
    ended = client.get_run(tracked.run_id).info.end_time
    with MlflowRun(str(database), run, config) as again:
        again.finish(run, ROWS[:2])
    assert client.get_run(again.run_id).info.end_time == ended
    assert logged(client, again.run_id, "final_miou") == [(0, 0.5)]
    with MlflowRun(str(database), run, config) as longer:  # with a larger budget
        longer.epochs(ROWS)
        assert client.get_run(longer.run_id).info.status == "RUNNING"
        longer.finish(run, ROWS)
    assert client.get_run(longer.run_id).info.status == "FINISHED"
    assert logged(client, longer.run_id, "epoch") == [(10, 1.0), (20, 2.0), (30, 3.0)]


def test_a_deleted_experiment_is_named(run, tmp_path, monkeypatch):
    from mlflow import MlflowClient

    config = load_config(None, [f"train.mlflow={tmp_path / 'own.db'}"])
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "streets")
    check_tracking(config)
    client = MlflowClient(tracking_uri=tracking_uri(config.train.mlflow))
    experiment = client.get_experiment_by_name("streets")
    assert experiment.artifact_location == (tmp_path / "mlruns").as_uri()
    client.delete_experiment(experiment.experiment_id)
    with pytest.raises(UserError, match="the experiment streets is deleted there"):
        check_tracking(config)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("http://127.0.0.1:9", "refused|Max retries"),
        ("ftp://host/path", "ftp"),
        ("/proc/mlflow.db", "unable to open database file"),
        (__file__, "file is not a database"),
        ("localhost:5000", "allowed: a file, or an address"),
        ("databricks", "allowed: a file, or an address"),
    ],
)
def test_what_does_not_answer_is_said_before_the_first_step(where, found):
    with pytest.raises(UserError, match=rf"^train\.mlflow: {where}: .*({found})") as raised:
        check_tracking(load_config(None, [f"train.mlflow={where}"]))
    assert "\n" not in str(raised.value)


def test_passwords_and_files_that_fresh_would_delete_are_refused(tmp_path):
    with pytest.raises(UserError, match="MLFLOW_TRACKING_PASSWORD") as raised:
        check_tracking(load_config(None, ["train.mlflow=https://me:secret@host"]))
    assert "secret" not in str(raised.value)
    inside = [f"run_dir={tmp_path}/run", f"train.mlflow={tmp_path}/run/mlflow.db"]
    with pytest.raises(UserError, match="lies in the run directory"):
        check_tracking(load_config(None, inside))
    assert not list(tmp_path.iterdir())
