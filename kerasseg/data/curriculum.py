"""The crop curriculum as a plan: which step belongs to which epoch, stage and crop.

Everything that is random or changes in training hangs off the number of the step, so a run that
was killed resumes from a number alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Epoch:
    """One row of the history.

    stage: index of the stage. crop_scale: side of the crop over side of the image, in (0, 1].
    first_step: number of the first step. steps: how many.
    """

    stage: int
    crop_scale: float
    first_step: int
    steps: int

    @property
    def end(self) -> int:
        """Number of the step after the last one."""
        return self.first_step + self.steps


@dataclass(frozen=True)
class Plan:
    """All epochs of a run in order."""

    epochs: tuple[Epoch, ...]

    @property
    def total_steps(self) -> int:
        return self.epochs[-1].end

    def begins_stage(self, index: int) -> bool:
        """Whether the epoch of this index is the first one of its stage."""
        return index == 0 or self.epochs[index].stage != self.epochs[index - 1].stage

    def epoch_at(self, step: int) -> int:
        """Index of the epoch that holds `step`; the number of epochs once all are done."""
        return sum(epoch.end <= step for epoch in self.epochs)


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Whole batches in one pass over the images; a set smaller than a batch still makes one."""
    return max(1, images // batch_size)


def _chain(runs: Sequence[tuple[int, float, int]]) -> Plan:
    epochs, first = [], 0
    for stage, crop_scale, steps in runs:
        epochs.append(Epoch(stage, crop_scale, first, steps))
        first += steps
    return Plan(tuple(epochs))


def plan_epochs(stages: Sequence[tuple[float, int]], *, images: int, batch_size: int) -> Plan:
    """The stages as they stand.

    stages: (crop_scale, epochs) in order. images: in the training split.
    """
    steps = steps_per_epoch(images, batch_size)
    return _chain(
        [(i, scale, steps) for i, (scale, epochs) in enumerate(stages) for _ in range(epochs)]
    )


def plan_steps(
    stages: Sequence[tuple[float, int]], *, images: int, batch_size: int, total_steps: int
) -> Plan:
    """The stages squeezed or stretched to `total_steps`: their epochs are shares of it.

    Every stage gets at least one step as long as there are enough; its last epoch may be short.
    """
    full = steps_per_epoch(images, batch_size)
    shares = [epochs for _, epochs in stages]
    total_steps = max(1, total_steps)
    edges = [round(total_steps * sum(shares[:i]) / sum(shares)) for i in range(len(shares) + 1)]
    if total_steps >= len(shares):
        for i in range(1, len(shares)):
            # One step for this stage, and one left for each that follows.
            edges[i] = min(max(edges[i], edges[i - 1] + 1), total_steps - len(shares) + i)
    runs = []
    for i, (scale, _) in enumerate(stages):
        left = edges[i + 1] - edges[i]
        # Whole epochs of nearly equal length: a leftover of two steps is not worth a validation.
        count = max(1, round(left / full))
        cuts = [left * k // count for k in range(count + 1)]
        runs += [(i, scale, b - a) for a, b in pairwise(cuts) if b > a]
    return _chain(runs)
