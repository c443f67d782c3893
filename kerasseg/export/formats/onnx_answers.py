"""An ONNX file as the parity check sees it: outputs by name, nothing cut into tiles."""

from pathlib import Path

import numpy as np

from kerasseg.inference.backends.onnx_session import open_session


class OnnxAnswers:
    """Callable: uint8 (B, H, W, 3) -> the outputs of the file by name, on the CPU."""

    def __init__(self, path: Path):
        self._session = open_session(path)
        self._names = [output.name for output in self._session.get_outputs()]

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        return dict(
            zip(self._names, self._session.run(self._names, {"image": images}), strict=True)
        )
