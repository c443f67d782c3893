"""An exported `model.onnx` in ONNX Runtime: no TensorFlow, no Keras."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail

from kerasseg.errors import UserError
from kerasseg.inference.backends.onnx_session import open_session
from kerasseg.inference.backends.providers import node_counts
from kerasseg.inference.predictor import Predictor
from kerasseg.inference.tiles import Outputs
from kerasseg.runs.description import ModelDescription

OUTPUTS = ("labels", "confidence", "uncertainty")
VARIANCE = "variance"  # there if export.py was told --variance
PROBABILITIES = "probabilities"  # there if export.py was told --probabilities
_LONGEST = 200  # characters


class OnnxPredictor(Predictor):
    """An `.onnx` file that `export.py` wrote, on the CPU or on other providers."""

    def __init__(
        self, path: Path, *, threads: int | None = None, providers: Sequence[str] = ("cpu",)
    ):
        """threads: of one pass on the CPU; None: as many as cores. providers: see find_providers.

        Raises UserError for a file that is no ONNX model, or none of this project, and for a
        provider that is not installed, does not start, or cannot compute any of it.
        """
        if not Path(path).is_file():
            raise UserError(f"{path}: no such file")
        try:
            session = open_session(Path(path), threads=threads, providers=providers)
        except UserError:
            raise
        except Exception as error:  # ONNX Runtime's own errors have no narrower base
            reason = str(error).splitlines()[0].rpartition(" : ")[2].replace(f"{path} ", "")
            what = "not an ONNX model that can be run"
            if tuple(providers) != ("cpu",):
                what = f"cannot be run with {', '.join(providers)}"
            raise UserError(f"{path}: {what} ({_end_of(reason)})") from None
        text = session.get_modelmeta().custom_metadata_map.get("kerasseg")
        names = {value.name for value in (*session.get_inputs(), *session.get_outputs())}
        if text is None or not names >= {"image", *OUTPUTS}:
            what = 'no metadata "kerasseg"' if text is None else f"inputs and outputs {names}"
            raise UserError(f"{path}: an ONNX model, but not one that export.py wrote ({what})")
        super().__init__(ModelDescription.from_text(text, source=f"{path}: metadata"))
        self._session = session
        self._names = names
        self._outputs = (*OUTPUTS, VARIANCE) if VARIANCE in names else OUTPUTS
        self._path = path

    @property
    def nodes(self) -> dict[str, int]:
        return node_counts(self._session)

    @property
    def gives_probabilities(self) -> bool:
        return PROBABILITIES in self._names

    def compute(self, images: np.ndarray) -> Outputs:
        return self._run(self._outputs, images)

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        return self._run((*self._outputs, PROBABILITIES), images)

    def _run(self, outputs: tuple[str, ...], images: np.ndarray) -> Outputs:
        try:
            values = self._session.run(outputs, {"image": images})
        except EPFail as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{self._path}: the provider failed ({reason})") from None
        return dict(zip(outputs, values, strict=True))


def _end_of(reason: str) -> str:
    """Some providers tell every C++ function on the way; what went wrong comes last."""
    return reason if len(reason) <= _LONGEST else f"... {reason[-_LONGEST:]}"
