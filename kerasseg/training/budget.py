"""`train.minutes`: a few timed steps turn a wall-clock budget into a fixed number of steps."""

import time
from collections.abc import Callable

from kerasseg.data.curriculum import steps_per_epoch

_WARM_UP = 3
_TIMED = 10
TRIAL_STEPS = _WARM_UP + _TIMED
# Saving, logging and a machine that slows down; the plan is fixed once it is made.
_RESERVE = 0.04


def time_steps(step: Callable[[], object]) -> float:
    """Seconds a training step takes, the mean of a few after a warm-up."""
    for _ in range(_WARM_UP):
        step()
    start = time.perf_counter()
    for _ in range(_TIMED):
        step()
    return (time.perf_counter() - start) / _TIMED


def affordable_steps(
    *,
    seconds: float,
    step_seconds: float,
    validation_seconds: float,
    images: int,
    batch_size: int,
    validate_every: int,
) -> int:
    """Steps that fit into `seconds`, validations included; at least 1.

    validation_seconds: of one whole validation. validate_every: in epochs.
    """
    seconds *= 1.0 - _RESERVE
    each = steps_per_epoch(images, batch_size) * validate_every
    # One validation comes at the end in any case.
    left = seconds - validation_seconds
    return max(1, int(left / (step_seconds + validation_seconds / each)))
