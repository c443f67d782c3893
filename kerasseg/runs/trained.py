"""A run with trained weights: its settings, what it is a model of, its best net."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import keras

from kerasseg.config import Config, dump_config, load_config
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.weights import load_net


@dataclass(frozen=True)
class TrainedRun:
    """What a run directory holds. scores: None if the run is not finished."""

    path: Path
    config: Config
    description: ModelDescription
    scores: SplitScores | None
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
        unlabelled_above: float | None = None,
        variance: bool = True,
        net: keras.Model | None = None,
    ) -> ServingGraph:
        """net: one with the same layers to use instead, such as a folded one."""
        return ServingGraph(
            net or self.net,
            scale=self.description.working_scale,
            background_id=self.description.label_set.background_id,
            dropout_rate=self.config.model.dropout_rate,
            temperature=temperature,
            unlabelled_above=unlabelled_above,
            variance=variance,
        )


def open_run(path: Path, overrides: tuple[str, ...] = ()) -> TrainedRun:
    """Reads a run directory. overrides: `key=value` on top of its config.yaml.

    Raises UserError if it is none, or if no weights were saved yet.
    """
    run = RunDirectory(Path(path))
    run.check_trained()
    config = load_config(run.config, overrides)
    return TrainedRun(
        path=run.path,
        config=config,
        description=replace(
            ModelDescription.from_file(run.labels),
            scale=config.serving.scale,
            tile=config.serving.tile,
            max_pixels=config.serving.max_pixels,
        ),
        scores=SplitScores.from_file(run.metrics) if run.metrics.is_file() else None,
        net=load_net(run.best),
    )
