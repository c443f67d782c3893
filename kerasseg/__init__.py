"""Street-scene segmentation.

`load` opens whatever was trained or exported. `models`, `losses`, `metrics`, `Objective` and
`Segmenter` are for training in code of one's own; TensorFlow is imported with the first of them
that is used.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.version import __version__

if TYPE_CHECKING:
    from kerasseg import losses, metrics, models
    from kerasseg.inference.predictor import Predictor
    from kerasseg.losses.objective import Objective
    from kerasseg.training.segmenter import Segmenter

__all__ = ["Objective", "Segmenter", "__version__", "load", "losses", "metrics", "models"]


def load(path: Path | str, *, threads: int | None = None) -> "Predictor":
    """A model that is ready to predict.

    Args:
        path: A run directory, an export (`exports/<name>`), a SavedModel or an `.onnx` file, for
            which TensorFlow is not imported.
        threads: Threads of one pass. `None`: as many as there are cores.

    Returns:
        A `kerasseg.inference.predictor.Predictor`: `predict(image)` takes uint8 RGB
        `(H, W, 3)` of any size and gives labels, confidence and uncertainty.

    Raises:
        kerasseg.errors.UserError: If there is no model, or it cannot be opened.

    Example:

    >>> import kerasseg
    >>> kerasseg.load("nothing.onnx")
    Traceback (most recent call last):
    kerasseg.errors.UserError: nothing.onnx: no such file or directory, allowed: a run directory, \
an export (exports/<name>), a SavedModel or an .onnx file
    """
    from kerasseg.inference.open_model import open_predictor

    return open_predictor(Path(path), threads=threads)


def __getattr__(name: str) -> object:
    if name == "Segmenter":
        from kerasseg.training.segmenter import Segmenter

        return Segmenter
    if name == "Objective":
        from kerasseg.losses.objective import Objective

        return Objective
    if name in ("losses", "metrics", "models"):
        import kerasseg.losses as losses
        import kerasseg.metrics as metrics
        import kerasseg.models as models

        return {"losses": losses, "metrics": metrics, "models": models}[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
