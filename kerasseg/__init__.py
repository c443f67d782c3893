"""Street-scene segmentation.

`load` opens whatever was trained or exported. `models`, `losses`, `metrics`, `Objective` and
`Segmenter` are for training in code of one's own; TensorFlow is imported with the first of them
that is used.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.hub import MAX_MIB
from kerasseg.version import __version__

if TYPE_CHECKING:
    from kerasseg import losses, metrics, models
    from kerasseg.inference.predictor import Predictor
    from kerasseg.losses.objective import Objective
    from kerasseg.training.segmenter import Segmenter

__all__ = ["Objective", "Segmenter", "__version__", "load", "losses", "metrics", "models"]


def load(
    path: Path | str,
    *,
    threads: int | None = None,
    providers: str | Sequence[str] | None = None,
    sha256: str | None = None,
    max_mib: int = MAX_MIB,
) -> "Predictor":
    """A model that is ready to predict.

    Args:
        path: A run directory, an export (`exports/<name>`), a SavedModel, an `.onnx` or a
            `.tflite` file; for these two TensorFlow is not imported. Or a zip of an export, also by
            its `https://` address or one that fsspec reads: it is unpacked once into a cache folder
            (KERASSEG_CACHE).
        threads: Threads of one pass. `None`: as many as there are cores.
        providers: What ONNX Runtime computes with: `cpu`, `cuda`, `tensorrt`, `openvino`, `coreml`,
            or a provider's name in ONNX Runtime; of several, the first that can compute a node
            does. For an `.onnx` file, or an export that has one, which is then preferred to its
            SavedModel. `None`: the CPU, or whatever TensorFlow finds.
        sha256: Of the zip or the `.onnx` file, 64 hexadecimal digits. An address needs it.
        max_mib: How large a zip, and all that is in it, may be, in MiB.

    Returns:
        A `kerasseg.inference.predictor.Predictor`: `predict(image)` takes uint8 RGB
        `(H, W, 3)` of any size and gives labels, confidence and uncertainty.

    Raises:
        kerasseg.errors.UserError: If there is no model, it cannot be opened, or a provider is not
            installed, does not start, or can compute none of it; if a file is not the one that
            `sha256` names, cannot be had, is too large, or is no harmless zip of an export.

    Example:

    >>> import kerasseg
    >>> kerasseg.load("nothing.onnx")
    Traceback (most recent call last):
    kerasseg.errors.UserError: nothing.onnx: no such file or directory, allowed: a run directory, \
an export (exports/<name>) or its zip, a SavedModel, an .onnx or a .tflite file
    """
    from kerasseg.inference.open_model import local_model, open_predictor

    found = local_model(path, sha256=sha256, max_mib=max_mib)
    return open_predictor(found, threads=threads, providers=providers)


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
