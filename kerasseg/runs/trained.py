"""A finished run as an exporter sees it: best weights, labels, the scale they were trained at."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import keras

from kerasseg.config import Config, dump_config, load_config
from kerasseg.errors import UserError
from kerasseg.labels import LabelSet
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.weights import load_net


@dataclass(frozen=True)
class TrainedRun:
    """What a run directory holds. working_size, native_size: (height, width)."""

    path: Path
    config: Config
    label_set: LabelSet
    working_size: tuple[int, int]
    native_size: tuple[int, int]
    metrics: dict | None
    net: keras.Model

    @property
    def name(self) -> str:
        return self.path.resolve().name

    @property
    def config_hash(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the resolved settings."""
        return hashlib.sha256(dump_config(self.config).encode()).hexdigest()[:16]

    def graph(
        self,
        *,
        temperature: float = 1.0,
        confidence: str = "softmax",
        net: keras.Model | None = None,
    ) -> ServingGraph:
        """net: one with the same layers to use instead, such as a folded one."""
        return ServingGraph(
            net or self.net,
            working_size=self.working_size,
            native_size=self.native_size,
            background_id=self.label_set.background_id,
            dropout_rate=self.config.model.dropout_rate,
            temperature=temperature,
            confidence=confidence,
        )


def open_run(path: Path, overrides: tuple[str, ...] = ()) -> TrainedRun:
    """Reads a run directory. overrides: `key=value` on top of its config.yaml.

    Raises UserError if it is none, or if no weights were saved yet.
    """
    run = RunDirectory(Path(path))
    run.check_trained()
    try:
        labels = json.loads(run.labels.read_text(encoding="utf-8"))
        metrics = (
            json.loads(run.metrics.read_text(encoding="utf-8")) if (run.metrics.is_file()) else None
        )
        working, native = tuple(labels["working_size"]), tuple(labels["native_size"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{run.labels}: cannot be read ({error})") from error
    return TrainedRun(
        path=run.path,
        config=load_config(run.config, overrides),
        label_set=LabelSet.from_json(labels),
        working_size=working,
        native_size=native,
        metrics=metrics,
        net=load_net(run.best),
    )
