"""What `auto` means on this machine: precision and XLA."""

from dataclasses import dataclass

import tensorflow as tf

from kerasseg.errors import UserError


@dataclass(frozen=True)
class Device:
    """precision: name of a Keras dtype policy. jit: compile with XLA. line: said at the start."""

    precision: str
    jit: bool
    line: str


def pick_device(
    *, precision: str, jit: str | bool, gpus: int | None = None, replicas: int = 1
) -> Device:
    """Resolves `train.precision` and `train.jit`.

    gpus: how many to assume; None asks TensorFlow. A GPU gets mixed_float16 and XLA; a CPU gets
    float32 without XLA. Several replicas do without XLA, which cannot compile what they send each
    other: UserError if it is asked for.
    """
    if gpus is None:
        gpus = len(tf.config.list_physical_devices("GPU"))
    where = f"{gpus} GPU{'s' if gpus > 1 else ''}" if gpus else "no GPU"
    chosen = precision
    why_precision = "as set"
    if precision == "auto":
        chosen = "mixed_float16" if gpus else "float32"
        why_precision = f"auto: {where}"
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
    line = f"precision {chosen} ({why_precision}) · XLA {'on' if compiled else 'off'} ({why_jit})"
    if replicas > 1:
        line += f" · {replicas} replicas"
    return Device(chosen, bool(compiled), line)
