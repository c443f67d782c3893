"""An exported `model.onnx` in ONNX Runtime: no TensorFlow, no Keras."""

from pathlib import Path

import numpy as np

from kerasseg.errors import UserError
from kerasseg.inference.backends.onnx_session import open_session
from kerasseg.inference.predictor import Predictor
from kerasseg.inference.tiles import Outputs
from kerasseg.runs.description import ModelDescription

OUTPUTS = ("labels", "confidence", "uncertainty")
PROBABILITIES = "probabilities"  # there if export.py was told --probabilities


class OnnxPredictor(Predictor):
    """An `.onnx` file that `export.py` wrote, on the CPU."""

    def __init__(self, path: Path, *, threads: int | None = None):
        """threads: of one pass; None: as many as cores.

        Raises UserError for a file that is no ONNX model, or none of this project.
        """
        if not Path(path).is_file():
            raise UserError(f"{path}: no such file")
        try:
            session = open_session(Path(path), threads=threads)
        except Exception as error:  # ONNX Runtime's own errors have no narrower base
            reason = str(error).splitlines()[0].rpartition(" : ")[2].replace(f"{path} ", "")
            raise UserError(f"{path}: not an ONNX model that can be run ({reason})") from None
        text = session.get_modelmeta().custom_metadata_map.get("kerasseg")
        names = {value.name for value in (*session.get_inputs(), *session.get_outputs())}
        if text is None or not names >= {"image", *OUTPUTS}:
            what = 'no metadata "kerasseg"' if text is None else f"inputs and outputs {names}"
            raise UserError(f"{path}: an ONNX model, but not one that export.py wrote ({what})")
        super().__init__(ModelDescription.from_text(text, source=f"{path}: metadata"))
        self._session = session
        self._names = names

    @property
    def gives_probabilities(self) -> bool:
        return PROBABILITIES in self._names

    def compute(self, images: np.ndarray) -> Outputs:
        return self._run(OUTPUTS, images)

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        return self._run((*OUTPUTS, PROBABILITIES), images)

    def _run(self, outputs: tuple[str, ...], images: np.ndarray) -> Outputs:
        values = self._session.run(outputs, {"image": images})
        return dict(zip(outputs, values, strict=True))
