"""The best weights of a run directory, through the graph that is exported."""

from pathlib import Path

import numpy as np

from kerasseg.export.trained import open_run
from kerasseg.inference.description import Description
from kerasseg.inference.predictor import Predictor
from kerasseg.inference.tensorflow_threads import limit_threads
from kerasseg.inference.tiles import Answers


class RunPredictor(Predictor):
    """A run directory that holds `best.keras`."""

    def __init__(self, path: Path, *, threads: int | None = None):
        """threads: of one pass; None: as many as cores. Raises UserError if there is no run."""
        limit_threads(threads)
        run = open_run(Path(path))
        super().__init__(
            Description(
                label_set=run.label_set,
                working_size=run.working_size,
                native_size=run.native_size,
                depth=run.config.model.depth,
                tile=run.config.serving.tile,
            )
        )
        self._graph = run.graph()

    def compute(self, images: np.ndarray) -> Answers:
        return {name: values.numpy() for name, values in self._graph.predict(images).items()}
