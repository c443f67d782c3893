"""What every metric of a split has in common: what it is given, and what comes of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, Self

import numpy as np

from kerasseg.labels import LabelSet
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.undefined import format_score


@dataclass(frozen=True, eq=False)
class ScoredImage:
    """The truth of one image and the answer to it. All arrays are (H, W), but for probabilities.

    classes: how many are evaluated. truth: uint8 trainIds, 255 is void. labels: uint8 trainIds,
    `classes` or 255 is background. confidence: float32 in 0…1, or None if only labels are known.
    probabilities: float32 (H, W, outputs), the background's last, or None. uncertainty_scores:
    float32 of any range by name, high where the labels may be wrong. unknown_scores: the same,
    high only where a thing is unknown. instances: as InstanceScorer takes them; unknown: bool, the
    pixels of things that no class covers; both None if the data set does not say. place: in the
    split, from 0.
    """

    classes: int
    truth: np.ndarray
    labels: np.ndarray
    name: str = ""
    confidence: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    uncertainty_scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    unknown_scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    instances: np.ndarray | None = None
    unknown: np.ndarray | None = None
    place: int = 0

    @property
    def fitted(self) -> bool:
        """Thresholds are fitted on every second image and scored on the others."""
        return self.place % 2 == 0

    @cached_property
    def confusion(self) -> ConfusionMatrix:
        """The matrix of this image alone."""
        return ConfusionMatrix(self.classes).add(self.truth, self.labels)


@dataclass(frozen=True)
class Score:
    """One number of a table.

    name: the same wherever it is shown. value: None where there was nothing to score. better:
    "higher", "lower", or "" where neither is. compared: whether runs are compared by it; else only
    the scores of a single run show it. form: how it is printed.
    """

    name: str
    value: float | None
    better: Literal["higher", "lower", ""] = "higher"
    compared: bool = False
    form: str = ".4f"

    @property
    def text(self) -> str:
        return format_score(self.value, self.form)

    @property
    def title(self) -> str:
        """The name with an arrow to where it is better."""
        return self.name + {"higher": " ↑", "lower": " ↓", "": ""}[self.better]


class MetricScores(Protocol):
    """The part of `metrics.json` that is of one metric."""

    def to_json(self) -> dict[str, Any]:
        """Its keys; they belong to no other metric."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self | None:
        """The inverse, of all of `metrics.json`; None if the metric was not measured.

        Raises KeyError, TypeError or ValueError for anything else.
        """

    def summary(self) -> Sequence[Score]:
        """What of it goes into tables."""


class Scorer(Protocol):
    """Sums up one metric over the images of a split."""

    def add(self, image: ScoredImage) -> None:
        """Images on which thresholds are fitted come first, see `ScoredImage.fitted`."""

    def scores(self, confusion: ConfusionMatrix) -> MetricScores | None:
        """confusion: of all images. None if there was nothing to measure."""


@dataclass(frozen=True)
class Metric:
    """start: makes a scorer that has seen nothing. slow: takes seconds for a large image, so it is
    measured only if asked for."""

    start: Callable[[LabelSet], Scorer]
    slow: bool = False


def mean_of_defined(values: Iterable[float | None]) -> float | None:
    """The mean of those that are not None; None if there are none."""
    present = [value for value in values if value is not None]
    return float(np.mean(present)) if present else None
