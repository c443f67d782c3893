"""A path to the predictor that runs what is there. TensorFlow is imported only if it is needed."""

import os
from pathlib import Path

from kerasseg.backend import require
from kerasseg.errors import UserError
from kerasseg.gpus import grow_memory
from kerasseg.inference.predictor import Predictor

ALLOWED = "a run directory, an export (exports/<name>), a SavedModel or an .onnx file"


def find_model(path: Path) -> tuple[str, Path]:
    """What is at `path`: ("onnx" | "saved_model" | "run", where exactly).

    Raises UserError for anything else.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: no such file or directory, allowed: {ALLOWED}")
    if path.is_file():
        if path.suffix != ".onnx":
            raise UserError(f"{path}: found a {path.suffix or 'nameless'} file, allowed: {ALLOWED}")
        return "onnx", path
    if (path / "config.yaml").is_file():
        return "run", path
    # An export holds versions; `latest` names the newest, and so does the largest number.
    numbers = [p for p in path.iterdir() if p.name.isdecimal() and p.is_dir()]
    newest = max(numbers, key=lambda p: int(p.name), default=path)
    for folder in (path, path / "latest", newest):
        if (folder / "saved_model.pb").is_file():
            return "saved_model", folder
    for folder in (path, path / "latest", newest):  # an export with --formats onnx
        if (folder / "model.onnx").is_file():
            return "onnx", folder / "model.onnx"
    names = sorted(p.name for p in path.iterdir())
    held = ", ".join([*names[:4], "..."] if len(names) > 4 else names) or "nothing"
    raise UserError(f"{path}: a directory that holds {held}, allowed: {ALLOWED}")


def open_predictor(path: Path, *, threads: int | None = None) -> Predictor:
    """The model at `path`, ready to predict. threads: of one pass; None: as many as cores.

    Raises UserError if there is none, it cannot be read, or TensorFlow is needed and missing.
    """
    kind, path = find_model(path)
    if kind == "onnx":
        from kerasseg.inference.backends.onnx_runtime import OnnxPredictor

        return OnnxPredictor(path, threads=threads)
    require("tensorflow")
    grow_memory()
    if kind == "saved_model":
        from kerasseg.inference.backends.tensorflow_runtime import SavedModelPredictor

        return SavedModelPredictor(path, threads=threads)
    # Whatever backend the user has set for Keras: the net is TensorFlow's.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from kerasseg.inference.backends.run import RunPredictor

    return RunPredictor(path, threads=threads)
