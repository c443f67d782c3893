"""ONNX Runtime as all of the project opens it."""

from pathlib import Path

import onnxruntime

_QUIET = 4  # fatal only: what goes wrong is raised, and need not be logged as well


def open_session(path: Path, *, threads: int | None = None) -> onnxruntime.InferenceSession:
    """A session on the CPU. threads: of one pass; None: as many as cores.

    Its threads wait in a busy loop for work while an image is computed, not after it: two
    sessions that take turns on the same cores would slow each other down by half.
    Raises what ONNX Runtime raises.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = threads or 0
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
