"""The best weights of a run directory, through the graph that is exported."""

from pathlib import Path

from kerasseg.inference.backends.graph import GraphPredictor
from kerasseg.inference.backends.tensorflow_threads import limit_threads
from kerasseg.runs.description import Description
from kerasseg.runs.trained import TrainedRun, open_run


class RunPredictor(GraphPredictor):
    """A run directory that holds `best.keras`."""

    def __init__(self, path: Path, *, threads: int | None = None):
        """threads: of one pass; None: as many as cores. Raises UserError if there is no run."""
        limit_threads(threads)
        self.run: TrainedRun = open_run(Path(path))
        description = Description(
            label_set=self.run.label_set,
            working_size=self.run.working_size,
            native_size=self.run.native_size,
            depth=self.run.config.model.depth,
            tile=self.run.config.serving.tile,
        )
        super().__init__(self.run.graph(), description)
