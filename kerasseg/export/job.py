"""What an export is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from kerasseg.data.image_file import read_image
from kerasseg.data.samples import take_evenly
from kerasseg.export.check_images import CheckSamples
from kerasseg.export.fold import fold_batch_norm
from kerasseg.inference.fixed_size import resize_pixels
from kerasseg.inference.image_search import find_images
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.trained import TrainedRun

CALIBRATION_IMAGES = 32  # that ranges of integers are taken from, at most


@dataclass(frozen=True)
class ExportOptions:
    """formats: keys of FORMATS. probabilities: also as an output of the ONNX file.

    int8: folder of images to calibrate on, or None: no such file. variance: see ServingGraph.
    temperature: of the logits, > 0, or None: fitted on validation images. unlabelled: share of the
    labelled pixels, in 0…1, that is given up to leave unlabelled what is uncertain; 0: none is.
    size: (height, width) of the formats that take one size, None: what the net was trained at.
    float16: also files of theirs with weights of half the size.
    """

    formats: tuple[str, ...]
    probabilities: bool = False
    int8: Path | None = None
    variance: bool = False
    temperature: float | None = None
    unlabelled: float = 0.0
    size: tuple[int, int] | None = None
    float16: bool = False

    def fixed_size(self, description: ModelDescription) -> tuple[int, int]:
        """`size`, or what the net of this description was trained at."""
        if self.size is not None:
            return self.size
        scale = description.working_scale
        if scale.ratio is None:
            return description.working_size
        height, width = scale.image_size(*description.native_size)
        return height, width


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

    @property
    def fixed_size(self) -> tuple[int, int]:
        """(height, width) that the net sees in the formats that take images of one size."""
        return self.options.fixed_size(self.description)

    def fixed_size_images(self) -> list[np.ndarray]:
        """uint8 (height, width, 3) of `fixed_size`: what integers are calibrated on."""
        assert self.options.int8 is not None, "asked for with --int8 alone"
        files = find_images([str(self.options.int8)], out=self.options.int8 / "none")
        chosen = take_evenly(files, CALIBRATION_IMAGES, with_last=True)
        return [resize_pixels(read_image(file), self.fixed_size) for file in chosen]

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
