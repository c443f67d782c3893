"""What an export is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kerasseg.export.check_images import CheckSamples
from kerasseg.export.fold import fold_batch_norm
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.trained import TrainedRun


@dataclass(frozen=True)
class ExportOptions:
    """formats: keys of FORMATS. probabilities: also as an output of the ONNX file.

    int8: folder of images to calibrate on, or None: no such file. temperature, confidence: see
    ServingGraph.
    """

    formats: tuple[str, ...]
    probabilities: bool = False
    int8: Path | None = None
    temperature: float = 1.0
    confidence: str = "softmax"


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

    def folded_graph(self, *, copies: bool) -> ServingGraph:
        """The serving graph that is written: see `fold_batch_norm`."""
        return self.run.graph(
            temperature=self.options.temperature,
            confidence=self.options.confidence,
            net=fold_batch_norm(self.run.net, copies=copies),
        )
