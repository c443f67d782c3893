"""MLflow: settings, the row of each epoch and the final scores of a run, if `train.mlflow` asks.

The extra `mlflow` brings it. A tracker is not worth a training: what fails there after the start
is said once, and the run goes on; rows that did not arrive are sent with the next one.
"""

import json
import logging
import os
import re
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from kerasseg.backend import require
from kerasseg.config import Config
from kerasseg.config.words import setting_values
from kerasseg.errors import Interrupted, UserError
from kerasseg.files import write_json
from kerasseg.runs.directory import RunDirectory
from kerasseg.version import __version__

_PARAMS_A_CALL = 100  # a limit of MLflow's
_EXPERIMENT = "kerasseg"


def tracking_uri(where: str) -> str:
    """Of the setting `train.mlflow`: an address as it is, a path as that of an SQLite file.

    Raises UserError for what is neither.
    """
    if "://" in where:
        if re.match(r"\w+://[^/]*@", where):
            raise UserError(
                "train.mlflow: an address with a name or a password in it; allowed: without, and "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment"
            )
        return where
    if re.fullmatch(r"[\w.-]+:\d+(/.*)?|databricks", where) or "?" in where:
        raise UserError(f"train.mlflow: {where}: allowed: a file, or an address such as http://…")
    return f"sqlite:///{Path(where).resolve()}"


def check_tracking(config: Config) -> None:
    """Raises UserError if `train.mlflow` names a place where MLflow does not answer."""
    where = config.train.mlflow
    if where is None:
        return
    if "://" not in where and Path(where).resolve().is_relative_to(config.run_path.resolve()):
        raise UserError(
            f"train.mlflow: {where} lies in the run directory, which --fresh empties; name a file "
            "outside of it, such as runs/mlflow.db"
        )
    _connect(where)


def open_mlflow_run(
    run: RunDirectory, config: Config
) -> AbstractContextManager["MlflowRun | None"]:
    """None where `train.mlflow` is null. Raises UserError if MLflow does not answer."""
    where = config.train.mlflow
    return nullcontext() if where is None else MlflowRun(where, run, config)


class MlflowRun:
    """Context manager: one run of MLflow, whose number lies in the run directory, so that a run
    that is resumed goes on in it, too."""

    def __init__(self, where: str, run: RunDirectory, config: Config):
        """Raises UserError if MLflow does not answer."""
        self._where = where
        self._client, experiment = _connect(where)
        self._silent = False
        with _refused(where):
            found = self._found(run)
            if found is None:
                found = self._client.create_run(
                    experiment, run_name=config.run_path.name, tags={"kerasseg": __version__}
                )
                write_json(run.mlflow, {"uri": tracking_uri(where), "run_id": found.info.run_id})
            self.run_id: str = found.info.run_id
            if not found.data.params:
                self._log_settings(config)
            self._finished = found.info.status == "FINISHED"
            if not self._finished:
                self._client.update_run(self.run_id, status="RUNNING")
            # Of a run that was killed between its state and this: the rows that are missing here.
            self._epochs = int(found.data.metrics.get("epoch", 0))

    def __enter__(self) -> "MlflowRun":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        if kind is not None and not self._finished:
            status = "KILLED" if issubclass(kind, Interrupted | KeyboardInterrupt) else "FAILED"
            self._try(lambda: self._client.set_terminated(self.run_id, status), "training ends")

    def epochs(self, history: list[dict[str, str]]) -> None:
        """The rows of `history` that are not there yet; a row's step is that of its images."""
        if self._epochs < len(history):
            self._try(lambda: self._send_rows(history), "training goes on")

    def finish(self, run: RunDirectory, history: list[dict[str, str]]) -> None:
        """Of a run that is done: what is missing of its rows, its scores and small files."""

        def send() -> None:
            if self._epochs < len(history):
                self._send_rows(history)
            if not self._finished:
                scores = json.loads(run.metrics.read_text(encoding="utf-8"))
                self._log(_final_metrics(scores), 0)
                for file in (run.config, run.metrics, run.history, run.labels):
                    self._client.log_artifact(self.run_id, str(file))
                self._client.set_terminated(self.run_id)
                self._finished = True

        self._silent = False
        self._try(send, "the same command sends what is missing there")

    def _send_rows(self, history: list[dict[str, str]]) -> None:
        if self._finished:  # and now longer
            self._client.update_run(self.run_id, status="RUNNING")
            self._finished = False
        for row in history[self._epochs :]:
            values = {name: float(value) for name, value in row.items() if value}
            self._log(values, int(row["images_seen"]))
            self._epochs += 1

    def _found(self, run: RunDirectory) -> Any:
        """The run of MLflow that this one began, if it is still there."""
        from mlflow.exceptions import MlflowException

        try:
            kept = json.loads(run.mlflow.read_text(encoding="utf-8"))
            if kept["uri"] != tracking_uri(self._where):
                return None
            found = self._client.get_run(kept["run_id"])
        except (OSError, ValueError, KeyError):
            return None
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise
        return found if found.info.lifecycle_stage == "active" else None

    def _log(self, values: dict[str, float], step: int) -> None:
        from mlflow.entities import Metric
        from mlflow.utils.time import get_current_time_millis

        now = get_current_time_millis()
        metrics = [Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(self.run_id, metrics=metrics)

    def _log_settings(self, config: Config) -> None:
        from mlflow.entities import Param

        params = [Param(name, str(value)) for name, value in setting_values(config).items()]
        for i in range(0, len(params), _PARAMS_A_CALL):
            self._client.log_batch(self.run_id, params=params[i : i + _PARAMS_A_CALL])

    def _try(self, call: Callable[[], None], then: str) -> None:
        try:
            call()
        except Exception as error:  # whatever a server or its client may come up with
            if not self._silent:
                print(f"MLflow, {self._where}: {_line(error)}; {then}", file=sys.stderr)
            self._silent = True


def _connect(where: str) -> tuple[Any, str]:
    """(client, number of the experiment)."""
    require("mlflow")
    uri = tracking_uri(where)
    # Nothing leaves the machine but what goes to the address that was given.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    # A server that is away holds up an epoch by half a minute at most, not by several.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what MLflow imports
        from mlflow import MlflowClient
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with _refused(where):
        files = None  # where the server keeps them
        if "://" not in where:
            Path(where).parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(where)) as database:  # MLflow would try ten times
                database.execute("PRAGMA schema_version")
            files = (Path(where).resolve().parent / "mlruns").as_uri()
        client = MlflowClient(tracking_uri=uri)
        return client, _experiment(client, files)


def _experiment(client: Any, files: str | None) -> str:
    """Its number. files: where those of its runs are to lie, if the server does not say."""
    from mlflow.exceptions import MlflowException

    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", _EXPERIMENT)
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name, artifact_location=files)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            found = client.get_experiment_by_name(name)  # another run has been faster
    if found.lifecycle_stage != "active":
        raise ValueError(
            f"the experiment {name} is deleted there, restore it or name another with "
            "MLFLOW_EXPERIMENT_NAME"
        )
    return found.experiment_id


@contextmanager
def _refused(where: str) -> Iterator[None]:
    """Whatever a server, a database, or what it needs and is not installed, says: UserError."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"train.mlflow: {where}: {_line(error)} (null goes on without it)"
        ) from error


def _final_metrics(scores: dict[str, Any]) -> dict[str, float]:
    """The numbers of `metrics.json`, as `final_miou` and so on."""
    return {
        f"final_{name}": float(value)
        for name, value in scores.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _line(error: Exception) -> str:
    """The first sentence of it, on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return re.split(r"(?<=\w)\. ", text)[0][:300]
