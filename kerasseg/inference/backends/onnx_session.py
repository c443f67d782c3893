"""ONNX Runtime as all of the project opens it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail

from kerasseg.errors import UserError
from kerasseg.inference.backends.providers import RECORD_NODES, check_providers, find_providers
from kerasseg.runs.description import ModelDescription

_LONGEST = 200  # characters of a reason
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
    # Without VNNI, sums of 8-bit products overflow in 16 bits: INT8 answers would be wrong.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(
        str(path),
        options,
        providers=find_providers(providers),
        enable_fallback=0,  # else a provider that fails, now or later, is replaced by the CPU
    )
    check_providers(session, providers)
    return session


@dataclass(frozen=True)
class OnnxFile:
    """An `.onnx` file of this project, opened. inputs, outputs: their names."""

    path: Path
    session: onnxruntime.InferenceSession
    description: ModelDescription
    inputs: frozenset[str]
    outputs: frozenset[str]

    @classmethod
    def open(
        cls, path: Path, *, threads: int | None = None, providers: Sequence[str] = ("cpu",)
    ) -> "OnnxFile":
        """threads, providers: see `open_session`.

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
        if text is None:
            raise _foreign(path, 'no metadata "kerasseg"')
        description = ModelDescription.from_text(text, source=f"{path}: metadata")
        inputs, outputs = (
            frozenset(value.name for value in values)
            for values in (session.get_inputs(), session.get_outputs())
        )
        return cls(path, session, description, inputs, outputs)

    def demand(self, *outputs: str) -> None:
        """Raises UserError unless the file takes `image` and has these outputs."""
        if self.inputs != {"image"} or not self.outputs >= set(outputs):
            found = sorted(self.inputs | self.outputs)
            raise _foreign(self.path, f"inputs and outputs {found}")

    def run(self, outputs: Sequence[str], batch: np.ndarray) -> list[np.ndarray]:
        """Its outputs of these names. Raises UserError if a provider fails."""
        try:
            return self.session.run(outputs, {"image": batch})
        except EPFail as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{self.path}: the provider failed ({reason})") from None


def _foreign(path: Path, what: str) -> UserError:
    return UserError(f"{path}: an ONNX model, but not one that export.py wrote ({what})")


def _end_of(reason: str) -> str:
    """Some providers tell every C++ function on the way; what went wrong comes last."""
    return reason if len(reason) <= _LONGEST else f"... {reason[-_LONGEST:]}"
