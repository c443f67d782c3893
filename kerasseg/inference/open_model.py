"""A path to the predictor that runs what is there. TensorFlow is imported only if it is needed."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kerasseg.backend import require
from kerasseg.data.storage import is_address
from kerasseg.errors import UserError
from kerasseg.gpus import grow_memory
from kerasseg.hub import MAX_MIB
from kerasseg.hub.model_cache import check_max_mib, fetch, local_digest
from kerasseg.inference.backends.providers import as_names, find_providers
from kerasseg.inference.predictor import Predictor

# What an export may hold, in the order in which it is looked for.
_KINDS = (
    ("saved_model", "saved_model.pb"),
    ("onnx", "model.onnx"),
    ("onnx", "model.plain.onnx"),
    ("litert", "model.tflite"),
)
_ENDS = {".onnx": "onnx", ".tflite": "litert"}
ALLOWED = (
    "a run directory, an export (exports/<name>) or its zip, a SavedModel, an .onnx or a .tflite "
    "file"
)


def local_model(
    place: Path | str,
    *,
    sha256: str | None = None,
    max_mib: int = MAX_MIB,
    say: Callable[[str], None] = lambda line: None,
) -> Path:
    """Where the model at a path or an address is: of a zip, its folder in the cache.

    sha256: of the file, 64 hexadecimal digits; needed for an address. max_mib: of a zip, and of all
    that is in it. say: takes a line before a download. A path is not looked for yet.
    Raises UserError if the file is another, or the zip cannot be had or is none of an export.
    """
    check_max_mib(max_mib)
    path = Path(place)
    if is_address(str(place)) or (path.suffix.lower() == ".zip" and path.is_file()):
        return fetch(str(place), sha256=sha256, max_mib=max_mib, check=_check_export, say=say)
    if sha256 is not None and path.is_dir():
        raise UserError(f"sha256: {path} is a folder, allowed: for a zip or an .onnx file")
    if sha256 is not None and path.exists():
        local_digest(path, sha256=sha256)
    return path


def _check_export(folder: Path, called: str) -> None:
    try:
        kind, _ = find_model(folder)
    except UserError:
        kind = "something else"
    if kind not in {name for name, _ in _KINDS}:
        found = kind.replace("run", "a run directory")
        raise UserError(f"{called}: found a zip of {found}, allowed: of an export (exports/<name>)")


def find_model(path: Path, *, onnx_first: bool = False) -> tuple[str, Path]:
    """What is at `path`: ("onnx" | "litert" | "saved_model" | "run", where exactly).

    onnx_first: of an export that holds both, its ONNX file, not its SavedModel. Raises UserError
    for anything else.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f"{path}: no such file or directory, allowed: {ALLOWED}")
    if path.is_file():
        if path.suffix not in _ENDS:
            raise UserError(f"{path}: found a {path.suffix or 'nameless'} file, allowed: {ALLOWED}")
        return _ENDS[path.suffix], path
    if (path / "config.yaml").is_file():
        return "run", path
    # An export holds versions; `latest` names the newest, and so does the largest number.
    numbers = [p for p in path.iterdir() if p.name.isdecimal() and p.is_dir()]
    newest = max(numbers, key=lambda p: int(p.name), default=path)
    for kind, file in sorted(_KINDS, key=lambda row: row[0] != "onnx") if onnx_first else _KINDS:
        for folder in (path, path / "latest", newest):
            if (folder / file).is_file():
                return kind, folder if kind == "saved_model" else folder / file
    names = sorted(p.name for p in path.iterdir())
    held = ", ".join([*names[:4], "..."] if len(names) > 4 else names) or "nothing"
    raise UserError(f"{path}: a directory that holds {held}, allowed: {ALLOWED}")


def model_for(path: Path, providers: str | Sequence[str] | None) -> tuple[str, Path]:
    """`find_model` of what these providers can run, without loading TensorFlow.

    Raises UserError as that does, for what ONNX Runtime does not run, and for a provider that is
    not installed.
    """
    if providers is None:
        return find_model(path)
    names = as_names(providers)
    kind, found = find_model(path, onnx_first=True)
    if kind != "onnx":
        what = {
            "run": "run directory, which export.py turns into one",
            "litert": "LiteRT file",
        }.get(kind, "SavedModel")
        raise UserError(f"provider {names[0]}: needs an .onnx file, {path} is a {what}")
    find_providers(names)
    return kind, found


def open_predictor(
    path: Path, *, threads: int | None = None, providers: str | Sequence[str] | None = None
) -> Predictor:
    """The model at `path`, ready to predict.

    threads: of one pass; None: as many as cores. providers: what ONNX Runtime computes with, one
    name or several (see `find_providers`); None: the CPU, or TensorFlow.
    Raises UserError if there is none, it cannot be read, what runs it is not installed, or a
    provider is missing or asked of what ONNX Runtime does not run.
    """
    kind, path = model_for(path, providers)
    if kind == "onnx":
        from kerasseg.inference.backends.onnx_runtime import open_onnx

        names = ("cpu",) if providers is None else as_names(providers)
        return open_onnx(path, threads=threads, providers=names)
    if kind == "litert":
        require("ai_edge_litert")
        from kerasseg.inference.backends.litert_runtime import LiteRTPredictor

        return LiteRTPredictor(path, threads=threads)
    require("tensorflow")
    grow_memory()
    if kind == "saved_model":
        from kerasseg.inference.backends.tensorflow_runtime import SavedModelPredictor

        return SavedModelPredictor(path, threads=threads)
    # Whatever backend the user has set for Keras: the net is TensorFlow's.
    os.environ["KERAS_BACKEND"] = "tensorflow"
    from kerasseg.inference.backends.run import RunPredictor

    return RunPredictor(path, threads=threads)
