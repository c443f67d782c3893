"""What `auto` means on this machine: precision and XLA."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from kerasseg.errors import UserError
from kerasseg.gpus import compute_capabilities

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
_TENSOR_CORES = (7, 0)  # compute capability
_STEPS_AHEAD = 10  # on a GPU; as many as are timed before a run is estimated


@dataclass(frozen=True)
class Device:
    """precision: name of a Keras dtype policy. jit: compile with XLA. line: said at the start, or
    two where a run was begun on another device. gpus: how many compute."""

    precision: str
    jit: bool
    line: str
    gpus: int = 0

    @property
    def steps_ahead(self) -> int:
        """How many training steps are handed over before the host waits for their means. A CPU
        has computed a step when the call of it returns: there is nothing to gain."""
        return _STEPS_AHEAD if self.gpus else 1


def pick_device(
    *,
    precision: str,
    jit: str | bool,
    cards: Sequence[tuple[int, int]] | None = None,
    replicas: int = 1,
    begun_with: tuple[str, bool] | None = None,
) -> Device:
    """Resolves `train.precision` and `train.jit`.

    begun_with: the precision, and whether XLA compiled, with which the run that is resumed was
    begun, or None; `auto` stays what it was then, wherever the run is resumed.

    cards: the compute capability of every GPU that is used; None asks TensorFlow. A GPU gets XLA,
    and mixed_float16 if all have tensor cores; a CPU gets float32 without XLA. Several replicas do
    without XLA, which cannot compile what they send each other: UserError if it is asked for.
    """
    cards = compute_capabilities() if cards is None else cards
    gpus = len(cards)
    where = f"{gpus} GPU{'s' if gpus > 1 else ''}" if gpus else "no GPU"
    chosen = precision
    why_precision = "as set"
    if precision == "auto":
        # Older cards compute float16 at a fraction of the speed of float32.
        fast = gpus and min(cards) >= _TENSOR_CORES
        chosen = "mixed_float16" if fast else "float32"
        why_precision = f"auto: {where}"
        if gpus and not fast:
            why_precision += " without tensor cores"
    compiled, why_jit = jit, "as set"
    if jit == "auto":
        compiled = bool(gpus)
        why_jit = f"auto: {where}" if gpus else "auto: slower without a GPU"
    if replicas > 1:
        if jit is True:
            raise UserError(
                f"train.jit=true: found {replicas} replicas, allowed with one; set it to auto"
            )
        if jit == "auto":
            compiled, why_jit = False, "auto: several replicas"
    here = (chosen, bool(compiled))
    if begun_with is not None and precision == "auto":
        chosen, why_precision = begun_with[0], "auto: as this run was begun"
    if begun_with is not None and jit == "auto" and replicas == 1:
        compiled, why_jit = begun_with[1], "auto: as this run was begun"
    line = f"precision {chosen} ({why_precision}) · XLA {'on' if compiled else 'off'} ({why_jit})"
    if replicas > 1:
        line += f" · {replicas} replicas"
    if (chosen, bool(compiled)) != here:
        line += (
            f"\nthis run was begun on another device and is resumed as it was begun; a new one "
            f"would have precision {here[0]} and XLA {'on' if here[1] else 'off'} here"
        )
    return Device(chosen, bool(compiled), line, gpus)


def spare_autotuning(*, one_size: bool, compiled: bool) -> None:
    """Keeps cuDNN from timing its algorithms again for every size of a validation image.

    one_size: whether all images have one. compiled: whether training is left to XLA, which has a
    way of its own; without it the training step gains from the timing more than is lost. To be
    called before the first convolution. TF_CUDNN_USE_AUTOTUNE, if set, stands.
    """
    if compiled and not one_size:
        os.environ.setdefault("TF_CUDNN_USE_AUTOTUNE", "0")
