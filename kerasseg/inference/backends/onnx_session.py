"""ONNX Runtime as all of the project opens it."""

from collections.abc import Sequence
from pathlib import Path

import onnxruntime

from kerasseg.inference.backends.providers import RECORD_NODES, check_providers, find_providers

_QUIET = 4  # fatal only: what goes wrong is raised, and need not be logged as well


def open_session(
    path: Path, *, threads: int | None = None, providers: Sequence[str] = ("cpu",)
) -> onnxruntime.InferenceSession:
    """A session that runs on `providers`, the CPU taking what they cannot compute.

    threads: of one pass on the CPU; None: as many as cores. providers: see `find_providers`.
    Its threads wait in a busy loop for work while an image is computed, not after it: two
    sessions that take turns on the same cores would slow each other down by half.
    Raises UserError if a provider is missing or does nothing, and what ONNX Runtime raises.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _QUIET
    options.intra_op_num_threads = threads or 0
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.add_session_config_entry(*RECORD_NODES)
    session = onnxruntime.InferenceSession(
        str(path),
        options,
        providers=find_providers(providers),
        enable_fallback=0,  # else a provider that fails, now or later, is replaced by the CPU
    )
    check_providers(session, providers)
    return session
