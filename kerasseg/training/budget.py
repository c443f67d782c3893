"""`train.minutes`: what a run costs here, and how many steps a wall-clock budget is worth."""

from collections.abc import Callable
from dataclasses import dataclass

from kerasseg.data.curriculum import Plan

# Saving, logging and a machine that slows down; the plan is fixed once it is made.
_RESERVE = 0.04


@dataclass(frozen=True)
class Costs:
    """Seconds, with the waiting for input: of a training step, of a whole validation, and of the
    final scores with their panels."""

    step: float
    validation: float
    scoring: float

    def of(self, plan: Plan, *, validate_every: int, step: int = 0, epochs: int = 0) -> float:
        """Seconds of the rest of a plan, of which `step` steps and `epochs` epochs are done."""
        validations = count_validations(plan, validate_every=validate_every, epochs=epochs)
        return (plan.total_steps - step) * self.step + validations * self.validation + self.scoring


def count_validations(plan: Plan, *, validate_every: int, epochs: int = 0) -> int:
    """Validations after the first `epochs` epochs: of every so many of them, and of the last."""
    total = len(plan.epochs)
    return sum(n == total or n % validate_every == 0 for n in range(epochs + 1, total + 1))


def affordable_steps(
    *, seconds: float, costs: Costs, plan: Callable[[int], Plan], validate_every: int
) -> int:
    """Steps that fit into `seconds` with all that a run of them does besides; at least 1.

    plan: of a number of steps, the epochs that they are divided into. Every stage ends with a whole
    epoch, so that a short budget goes into more validations than its steps alone would need.
    """
    seconds *= 1.0 - _RESERVE

    def fits(steps: int) -> bool:
        return costs.of(plan(steps), validate_every=validate_every) <= seconds

    low, high = 1, max(2, int(seconds / max(costs.step, 1e-6)) + 2)  # `high` does not fit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def remaining_line(costs: Costs, plan: Plan, *, validate_every: int, step: int, epochs: int) -> str:
    """How long the rest of a run takes, and what it consists of. step, epochs: done."""
    seconds = costs.of(plan, validate_every=validate_every, step=step, epochs=epochs)
    validations = count_validations(plan, validate_every=validate_every, epochs=epochs)
    return (
        f"about {in_words(seconds)} to go: {plan.total_steps - step} steps of {costs.step:.2f} s, "
        f"{validations} validation{'s' if validations > 1 else ''} of {costs.validation:.1f} s, "
        f"{costs.scoring:.0f} s for the final scores"
    )


def in_words(seconds: float) -> str:
    """ "40 seconds", "12 minutes" or "3.5 hours"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
