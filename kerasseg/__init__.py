"""Street-scene segmentation; `load` opens whatever was trained or exported."""

from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.version import __version__

if TYPE_CHECKING:
    from kerasseg.inference.predictor import Predictor

__all__ = ["__version__", "load"]


def load(path: Path | str, *, threads: int | None = None) -> "Predictor":
    """A model that is ready to predict: `kerasseg.load(path).predict(image)`.

    path: a run directory, an export (exports/<name>), a SavedModel or an `.onnx` file, for which
    TensorFlow is not imported. threads: of one pass; None: as many as cores.
    Returns a kerasseg.inference.predictor.Predictor. Raises UserError if it cannot be opened.
    """
    from kerasseg.inference.open_model import open_predictor

    return open_predictor(Path(path), threads=threads)
