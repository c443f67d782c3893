"""What an export is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras

from kerasseg.export.check_images import CheckSamples
from kerasseg.export.fold import fold_batch_norm
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.trained import TrainedRun


@dataclass(frozen=True)
class ExportOptions:
    """formats: keys of FORMATS. probabilities: also as an output of the ONNX file.

    int8: folder of images to calibrate on, or None: no such file. variance: see ServingGraph.
    temperature: of the logits, > 0, or None: fitted on validation images. unlabelled: share of the
    labelled pixels, in 0…1, that is given up to leave unlabelled what is uncertain; 0: none is.
    """

    formats: tuple[str, ...]
    probabilities: bool = False
    int8: Path | None = None
    variance: bool = False
    temperature: float | None = None
    unlabelled: float = 0.0


@dataclass(frozen=True)
class ExportJob:
    """run: what is exported. description: of the export. samples: validation images of the run.

    say: takes a line about what is being done.
    """

    run: TrainedRun
    options: ExportOptions
    description: ModelDescription
    samples: CheckSamples
    say: Callable[[str], None]

    def graph(self) -> ServingGraph:
        """The serving graph of the net as it was trained: what all files have to answer."""
        return self._graph(self.run.net)

    def folded_graph(self, *, copies: bool) -> ServingGraph:
        """The serving graph that is written: see `fold_batch_norm`."""
        return self._graph(fold_batch_norm(self.run.net, copies=copies))

    def _graph(self, net: keras.Model) -> ServingGraph:
        return self.run.graph(
            temperature=self.description.temperature or 1.0,
            unlabelled_above=self.description.unlabelled_above,
            variance=self.options.variance,
            net=net,
        )
