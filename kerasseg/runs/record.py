"""A finished run as the report reads it: files only, no weights."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from kerasseg.config import load_config
from kerasseg.config.schema import Config
from kerasseg.errors import UserError
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.history import read_history


@dataclass(frozen=True)
class RunRecord:
    """config: its settings. scores: `metrics.json`. history: rows of `history.csv`, as text.

    terms: names of the objective's terms, columns of the history.
    parameters: numbers in best.keras, moving statistics among them; 0 if it cannot be read.
    provenance: the comment lines of config.yaml, versions and commit, without their `#`.
    description: `labels.json`.
    """

    run: RunDirectory
    config: Config
    scores: SplitScores
    history: tuple[dict[str, str], ...]
    terms: tuple[str, ...]
    provenance: tuple[str, ...]
    description: ModelDescription
    parameters: int

    @property
    def name(self) -> str:
        return self.config.name

    def column(self, name: str) -> tuple[list[float], list[float]]:
        """(images seen, value) of the epochs that have the value."""
        rows = [row for row in self.history if row.get(name)]
        return [float(row["images_seen"]) for row in rows], [float(row[name]) for row in rows]

    @property
    def images_seen(self) -> int:
        return int(self.history[-1]["images_seen"]) if self.history else 0

    @property
    def stages(self) -> list[tuple[float, float, str]]:
        """(first image, last image, crop scale) of each stage."""
        spans: list[tuple[float, float, str]] = []
        before, stage = 0.0, None
        for row in self.history:
            end = float(row["images_seen"])
            if row["stage"] == stage:
                spans[-1] = (spans[-1][0], end, row["crop_scale"])
            else:
                spans.append((before, end, row["crop_scale"]))
            before, stage = end, row["stage"]
        return spans


def _parameters(weights: Path) -> int:
    """Counted in the file, without TensorFlow."""
    import h5py

    try:
        with zipfile.ZipFile(weights) as archive, archive.open("model.weights.h5") as member:
            sizes: list[int] = []
            with h5py.File(io.BytesIO(member.read())) as file:
                file["layers"].visititems(
                    lambda _, item: sizes.append(item.size if isinstance(item, h5py.Dataset) else 0)
                )
        return sum(sizes)
    except (OSError, KeyError, zipfile.BadZipFile):
        return 0


def read_run(path: Path) -> RunRecord:
    """Raises UserError if the directory holds no run, or one that is not finished."""
    run = RunDirectory(path)
    run.check_trained()
    if not run.metrics.is_file():
        raise UserError(f"{path}: no {run.metrics.name} in it; finish the run with train.py first")
    try:
        terms, history = read_history(run.history)
        lines = run.config.read_text(encoding="utf-8").splitlines()
        _ = [(float(row["images_seen"]), row["stage"], row["crop_scale"]) for row in history]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: cannot be read ({error!r})") from error
    comments = tuple(line.removeprefix("#").strip() for line in lines if line.startswith("#"))
    return RunRecord(
        run=run,
        config=load_config(run.config),
        scores=SplitScores.from_file(run.metrics),
        history=history,
        terms=terms,
        provenance=comments,
        description=ModelDescription.from_file(run.labels),
        parameters=_parameters(run.best),
    )
