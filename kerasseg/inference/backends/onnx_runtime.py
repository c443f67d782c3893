"""An exported `model.onnx` or `model.plain.onnx` in ONNX Runtime: no TensorFlow, no Keras."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasseg.inference.backends.onnx_session import OnnxFile
from kerasseg.inference.backends.providers import node_counts
from kerasseg.inference.fixed_size import NET_OUTPUTS, FixedSizePredictor, NetAnswers
from kerasseg.inference.predictor import Predictor
from kerasseg.inference.tiles import Outputs

OUTPUTS = ("labels", "confidence", "uncertainty")
VARIANCE = "variance"  # there if export.py was told --variance
PROBABILITIES = "probabilities"  # there if export.py was told --probabilities


def open_onnx(
    path: Path, *, threads: int | None = None, providers: Sequence[str] = ("cpu",)
) -> Predictor:
    """The `.onnx` file at `path`, whichever of the two formats it has.

    threads: of one pass on the CPU; None: as many as cores. providers: see find_providers.
    Raises UserError for anything else.
    """
    file = OnnxFile.open(path, threads=threads, providers=providers)
    kind = PlainOnnxPredictor if file.outputs == set(NET_OUTPUTS) else OnnxPredictor
    return kind(path, file=file)


class OnnxPredictor(Predictor):
    """A `model.onnx` that `export.py` wrote, on the CPU or on other providers."""

    def __init__(self, path: Path, *, threads: int | None = None, file: OnnxFile | None = None):
        """threads: see `open_onnx`. file: `path`, if it is open already.

        Raises UserError for a file that is no ONNX model, or none of this project.
        """
        self._file = file or OnnxFile.open(path, threads=threads)
        self._file.demand(*OUTPUTS)
        super().__init__(self._file.description)
        self._outputs = (*OUTPUTS, VARIANCE) if VARIANCE in self._file.outputs else OUTPUTS

    @property
    def nodes(self) -> dict[str, int]:
        return node_counts(self._file.session)

    @property
    def gives_probabilities(self) -> bool:
        return PROBABILITIES in self._file.outputs

    def compute(self, images: np.ndarray) -> Outputs:
        return self._run(self._outputs, images)

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        return self._run((*self._outputs, PROBABILITIES), images)

    def _run(self, outputs: tuple[str, ...], images: np.ndarray) -> Outputs:
        return dict(zip(outputs, self._file.run(outputs, images), strict=True))


class PlainOnnxPredictor(FixedSizePredictor):
    """A `model.plain.onnx` that `export.py` wrote: the arguments of `OnnxPredictor`."""

    def __init__(self, path: Path, *, threads: int | None = None, file: OnnxFile | None = None):
        self._file = file or OnnxFile.open(path, threads=threads)
        self._file.demand(*NET_OUTPUTS)
        height, width = self._file.session.get_inputs()[0].shape[2:]
        super().__init__(self._file.description, size=(height, width))

    @property
    def nodes(self) -> dict[str, int]:
        return node_counts(self._file.session)

    def net(self, image: np.ndarray) -> NetAnswers:
        logits, spread = self._file.run(NET_OUTPUTS, plain_input(image))
        return logits[0], spread[0, 0]


def plain_input(image: np.ndarray) -> np.ndarray:
    """uint8 (h, w, 3) to what a plain file takes: float32 (1, 3, h, w) in 0…1."""
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None]).astype(np.float32) / np.float32(255)
