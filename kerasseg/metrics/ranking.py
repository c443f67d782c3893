"""How well a score per pixel ranks what is wrong, or unknown, over any number of pixels.

Scores are non-negative float32. Their bit patterns grow with them, so the upper 20 bits are a
histogram with a bin for each 1/2048 of a value: memory stays the same however long the split is,
and two scores that share a bin count as tied.
"""

from dataclasses import dataclass, field

import numpy as np

_SHIFT = 12
BINS = (1 << (31 - _SHIFT)) + 1


def bins_of(scores: np.ndarray) -> np.ndarray:
    """int64 bin numbers; monotone. scores: float32 >= 0, any shape. Raises ValueError for others,
    not-a-number among them."""
    scores = np.ascontiguousarray(scores, np.float32)
    if not (scores >= 0).all():
        raise ValueError("a score is below 0 or not a number")
    return (scores.view(np.uint32) >> _SHIFT).astype(np.int64)


@dataclass
class Ranking:
    """Positives are the pixels that ought to score high: the errors, the unknown things."""

    positives: np.ndarray = field(init=False)
    negatives: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.positives = np.zeros(BINS, np.int64)
        self.negatives = np.zeros(BINS, np.int64)

    def add(self, scores: np.ndarray, positive: np.ndarray) -> None:
        """scores: float32 >= 0. positive: bool of the same shape."""
        bins, positive = bins_of(scores).ravel(), np.asarray(positive, bool).ravel()
        self.positives += np.bincount(bins[positive], minlength=BINS)
        self.negatives += np.bincount(bins[~positive], minlength=BINS)

    def _falling(self) -> tuple[np.ndarray, np.ndarray]:
        """True and false positives at each threshold that occurs, the highest first."""
        used = np.flatnonzero(self.positives + self.negatives)[::-1]
        return np.cumsum(self.positives[used]), np.cumsum(self.negatives[used])

    @property
    def auroc(self) -> float:
        """Area under the ROC curve, 0 to 1, ties count half; nan without both kinds."""
        hits, alarms = (np.concatenate([[0.0], c]) for c in self._falling())
        if not (hits[-1] and alarms[-1]):
            return float("nan")
        return float(np.trapezoid(hits / hits[-1], alarms / alarms[-1]))

    @property
    def average_precision(self) -> float:
        """Sum of precision times the step in recall, without interpolation; nan without both."""
        hits, alarms = (c.astype(np.float64) for c in self._falling())
        if not (len(hits) and hits[-1] and alarms[-1]):
            return float("nan")
        steps = np.diff(np.concatenate([[0.0], hits])) / hits[-1]
        return float((steps * hits / (hits + alarms)).sum())

    def false_positive_rate(self, *, recall: float = 0.95) -> float:
        """Share of the negatives at or above the highest threshold that finds `recall` of the
        positives (FPR95); nan without both kinds."""
        hits, alarms = self._falling()
        if not (len(hits) and hits[-1] and alarms[-1]):
            return float("nan")
        first = int(np.argmax(hits / hits[-1] >= recall))
        return float(alarms[first] / alarms[-1])

    def risk_coverage(self) -> tuple[np.ndarray, np.ndarray]:
        """(coverage, risk), float64: of the pixels that score lowest, the share that is kept and
        the share of positives (errors) among them, from few pixels to all."""
        used = np.flatnonzero(self.positives + self.negatives)
        wrong = np.cumsum(self.positives[used]).astype(np.float64)
        kept = np.cumsum((self.positives + self.negatives)[used]).astype(np.float64)
        return (kept / kept[-1], wrong / kept) if len(kept) else (kept, wrong)

    def risk_coverage_points(self, *, steps: int = 100) -> tuple[np.ndarray, np.ndarray]:
        """Of `risk_coverage` the first points at or above each 1 / steps of coverage, so at most
        `steps` + 1 of them; the last is (1, share of positives)."""
        coverage, risk = self.risk_coverage()
        if not len(coverage):
            return coverage, risk
        asked = np.linspace(0, 1, steps + 1)
        # The last coverage is n / n = 1 exactly, so every asked one is found.
        chosen = np.unique(np.searchsorted(coverage, asked))
        return coverage[chosen], risk[chosen]

    @property
    def risk_coverage_area(self) -> float:
        """Area under the risk-coverage curve (AURC): every pixel's risk at its own coverage,
        averaged; lower is better. nan without pixels."""
        used = np.flatnonzero(self.positives + self.negatives)
        if not len(used):
            return float("nan")
        sizes = (self.positives + self.negatives)[used]
        _, risk = self.risk_coverage()
        return float((risk * sizes).sum() / sizes.sum())
