"""Is a confidence of 0.8 right in 8 of 10 pixels? Expected calibration error from bins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasseg.labels import VOID
from kerasseg.metrics.boundaries import grown, lines_between
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import null_if_undefined, read_number

EDGE_WIDTH = 3


@dataclass
class Reliability:
    """Sums over equal bins of confidence, each open below and closed above (Guo et al. 2017).

    bins: how many, >= 1. Confidence 0 belongs to the first bin.
    """

    bins: int = 15
    pixels: np.ndarray = field(init=False)
    right: np.ndarray = field(init=False)
    confidence: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.pixels = np.zeros(self.bins, np.int64)
        self.right = np.zeros(self.bins, np.int64)
        self.confidence = np.zeros(self.bins)

    def add(self, confidence: np.ndarray, right: np.ndarray) -> None:
        """confidence: float32 in 0…1. right: bool of the same shape, label equals truth.

        Raises ValueError for a confidence outside, not-a-number among them.
        """
        values = np.asarray(confidence, np.float64).ravel()
        if not ((values >= 0) & (values <= 1 + 1e-6)).all():
            raise ValueError("a confidence is outside 0…1")
        place = np.clip(np.ceil(values * self.bins).astype(np.int64) - 1, 0, self.bins - 1)
        self.pixels += np.bincount(place, minlength=self.bins)
        hits = np.asarray(right, bool).ravel()
        self.right += np.bincount(place[hits], minlength=self.bins)
        self.confidence += np.bincount(place, weights=values, minlength=self.bins)

    @property
    def error(self) -> float:
        """ECE: gap between confidence and accuracy of a bin, weighted by its pixels; nan without
        pixels."""
        total = self.pixels.sum()
        if not total:
            return float("nan")
        return float(np.abs(self.confidence - self.right).sum() / total)

    @property
    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """(mean confidence, accuracy) of each bin that holds pixels, float64."""
        used = self.pixels > 0
        return self.confidence[used] / self.pixels[used], self.right[used] / self.pixels[used]


@dataclass(frozen=True)
class ReliabilityCurve:
    """Of each bin that holds pixels: mean confidence, accuracy, how many pixels."""

    confidence: tuple[float, ...]
    accuracy: tuple[float, ...]
    pixels: tuple[int, ...]

    @classmethod
    def of(cls, reliability: Reliability) -> "ReliabilityCurve":
        confidence, accuracy = (tuple(values.tolist()) for values in reliability.curve)
        pixels = reliability.pixels[reliability.pixels > 0]
        return cls(confidence, accuracy, tuple(pixels.tolist()))

    def to_json(self) -> dict[str, Any]:
        return {name: list(values) for name, values in vars(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ReliabilityCurve":
        return cls(
            confidence=tuple(map(float, data["confidence"])),
            accuracy=tuple(map(float, data["accuracy"])),
            pixels=tuple(map(int, data["pixels"])),
        )


@dataclass(frozen=True)
class CalibrationScores:
    """Expected calibration error and curve, over all pixels and over those at edges alone."""

    error: float | None
    curve: ReliabilityCurve
    edge_error: float | None
    edge_curve: ReliabilityCurve

    def to_json(self) -> dict[str, Any]:
        return {
            "ece": self.error,
            "reliability": self.curve.to_json(),
            "ece_boundary": self.edge_error,
            "reliability_boundary": self.edge_curve.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CalibrationScores | None":
        if "ece" not in data:
            return None
        return cls(
            error=read_number(data["ece"]),
            curve=ReliabilityCurve.from_json(data["reliability"]),
            edge_error=read_number(data["ece_boundary"]),
            edge_curve=ReliabilityCurve.from_json(data["reliability_boundary"]),
        )

    def summary(self) -> tuple[Score, ...]:
        return (
            Score("ECE", self.error, "lower", compared=True),
            Score("ECE at edges", self.edge_error, "lower"),
        )


@dataclass
class CalibrationScorer:
    """everywhere: over the evaluated pixels. edges: over those at a boundary of the truth alone,
    the "thick" ones of scikit-image's find_boundaries at width 3, in pixels of the label."""

    everywhere: Reliability = field(default_factory=Reliability)
    edges: Reliability = field(default_factory=Reliability)
    images: int = 0

    def add(self, image: ScoredImage) -> None:
        """Nothing where only labels are known."""
        if image.confidence is None:
            return
        self.images += 1
        valid, right = image.truth != VOID, image.labels == image.truth
        self.everywhere.add(image.confidence[valid], right[valid])
        near = valid & grown(lines_between(image.truth), width=EDGE_WIDTH)
        self.edges.add(image.confidence[near], right[near])

    def scores(self, confusion: ConfusionMatrix) -> CalibrationScores | None:
        if not self.images:
            return None
        return CalibrationScores(
            error=null_if_undefined(self.everywhere.error),
            curve=ReliabilityCurve.of(self.everywhere),
            edge_error=null_if_undefined(self.edges.error),
            edge_curve=ReliabilityCurve.of(self.edges),
        )
