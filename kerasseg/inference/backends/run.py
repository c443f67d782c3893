"""The best weights of a run directory, through the graph that is exported."""

from dataclasses import replace
from pathlib import Path

from kerasseg.inference.backends.graph import GraphPredictor
from kerasseg.inference.backends.tensorflow_threads import limit_threads
from kerasseg.runs.trained import TrainedRun, open_run


class RunPredictor(GraphPredictor):
    """A run directory that holds `best.keras`."""

    def __init__(self, path: Path, *, threads: int | None = None):
        """threads: of one pass; None: as many as cores. Raises UserError if there is no run."""
        limit_threads(threads)
        self.run: TrainedRun = open_run(Path(path))
        super().__init__(self.run.graph(), self.run.description)

    def at_scale(self, factor: float) -> GraphPredictor:
        """The same net, which sees each image `factor` (> 0) times as large; itself at 1."""
        if factor == 1.0:
            return self
        scaled = replace(self.run, description=self.run.description.at_scale(factor))
        return GraphPredictor(scaled.graph(), scaled.description)
