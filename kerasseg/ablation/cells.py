"""One cell of the table: a run directory, its scores, its time a step and its peak memory."""

import hashlib
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasseg.config import dump_config
from kerasseg.config.schema import Config
from kerasseg.errors import BUG, INTERRUPTED, Interrupted, UserError
from kerasseg.evaluation.anomalies import AnomalyScores
from kerasseg.metrics.scorer import Score
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.history import read_history


def cell_name(variant: str, seed: int) -> str:
    """Of its run and its folder: "boundary_weight=4" becomes "boundary_weight-4-seed0"."""
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', variant)}-seed{seed}"


@dataclass(frozen=True)
class Cell:
    """variant: name of the row. seed: of the run. config: all settings, its run_dir among them."""

    variant: str
    seed: int
    config: Config

    @property
    def name(self) -> str:
        return cell_name(self.variant, self.seed)

    @property
    def run(self) -> RunDirectory:
        return RunDirectory(self.config.run_path)


def train_cell(cell: Cell) -> None:
    """Trains the cell, or resumes it; does nothing if it is trained.

    Raises UserError if the training stops with an error, Interrupted if it was asked to stop.
    """
    cell.run.check(cell.config, fresh=False)
    if cell.run.metrics.is_file():
        return
    cell.run.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "cell.yaml"
        settings.write_text(dump_config(cell.config), encoding="utf-8")
        run_child(cell.name, "kerasseg.ablation.one_run", str(settings))


@dataclass(frozen=True)
class CellScores:
    """What was measured of a cell.

    anomalies: of photos with unknown things, if there were any. step_seconds: median, None if no
    step was timed. peak_memory_bytes: of the process that trained, None if it is not known.
    """

    split: SplitScores
    anomalies: AnomalyScores | None
    step_seconds: float | None
    peak_memory_bytes: int | None

    def summary(self) -> list[Score]:
        """The columns of the table."""
        anomalies = () if self.anomalies is None else self.anomalies.summary()
        peak = None if self.peak_memory_bytes is None else self.peak_memory_bytes / 1e9
        return [
            *(score for score in self.split.summary() if score.compared),
            *anomalies,
            Score("seconds per step", self.step_seconds, "lower", form=".3f"),
            Score("peak memory, GB", peak, "lower", form=".2f"),
        ]

    def to_json(self) -> dict[str, Any]:
        data = self.split.to_json()
        if self.anomalies is not None:
            anomalies = self.anomalies.to_json()
            data["anomalies"] = anomalies.pop("unknown")
            data |= {f"anomalies_{key}": value for key, value in anomalies.items()}
        data["step_seconds"] = self.step_seconds
        if self.peak_memory_bytes is not None:
            data["peak_memory_bytes"] = self.peak_memory_bytes
        return data


def score_cell(cell: Cell, *, anomalies: Path | None) -> CellScores:
    """The scores of a trained cell, those at edges among them.

    anomalies: photos with masks of unknown things, scored as well.
    """
    run, unknown = cell.run, None
    if anomalies is not None:
        path = run.anomalies(_anomalies_key(anomalies, run.best))
        if not path.is_file():
            photos = ("--anomalies", str(anomalies), "--json", str(path))
            run_child(cell.name, "kerasseg", "evaluate", str(run.path), *photos)
        unknown = _read_anomalies(path)
    peak = None
    if run.resources.is_file():  # not if it was trained by its command alone
        peak = json.loads(run.resources.read_text(encoding="utf-8"))["peak_memory_bytes"]
    return CellScores(
        split=SplitScores.from_file(run.metrics),
        anomalies=unknown,
        step_seconds=_step_seconds(run.history, cell.config.train.batch_size),
        peak_memory_bytes=peak,
    )


def _anomalies_key(photos: Path, weights: Path) -> str:
    """Names the photos, as they are on disk now, and the weights that they are scored with."""
    place = photos.resolve()
    files = [(path, path.stat()) for path in sorted(place.iterdir())] if place.is_dir() else []
    stamps = [[path.name, stat.st_size, stat.st_mtime_ns] for path, stat in files]
    digest = hashlib.sha256(json.dumps([str(place), stamps]).encode())
    digest.update(weights.read_bytes())
    return digest.hexdigest()[:20]


def _read_anomalies(path: Path) -> AnomalyScores:
    try:
        return AnomalyScores.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: cannot be read ({error!r})") from None


def run_child(what: str, module: str, *arguments: str) -> None:
    """`python -m module …` with this interpreter, without what it prints.

    Raises UserError if it fails, Interrupted if it was stopped in good order, RuntimeError if it
    ended with a traceback, which it has printed.
    """
    child = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.DEVNULL)
    try:
        status = child.wait()
    except KeyboardInterrupt:  # the child has got it, too, and saves
        child.wait()
        raise
    if status == INTERRUPTED:
        raise Interrupted
    if status == BUG:
        raise RuntimeError(f"{what}: python -m {module} ended with status {status}")
    if status == -signal.SIGKILL:
        raise UserError(
            f"{what}: was killed, as by the system where memory runs out; train.batch_size, "
            "data.image_size and model.width lower what is needed"
        )
    if status:
        raise UserError(f"{what}: python -m {module} ended with status {status}")


def _step_seconds(history: Path, batch_size: int) -> float | None:
    """Median over the epochs of the seconds of a step, without tracing, validation and saving."""
    rates = [float(row["images_per_second"]) for row in read_history(history)[1]]
    # An epoch of a single step, which traces, has no rate.
    timed = [batch_size / rate for rate in rates if rate]
    return statistics.median(timed) if timed else None
