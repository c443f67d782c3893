"""How well a score per pixel ranks what is wrong, or unknown, over any number of pixels."""

from dataclasses import dataclass, field

import numpy as np

from kerasseg.metrics.histogram import ScoreHistogram, upper_edge


@dataclass
class Ranking:
    """Positives are the pixels that ought to score high: the errors, the unknown things.

    Scores that share a bin of the histogram count as tied; apart from that, all is exact.
    """

    pixels: ScoreHistogram = field(init=False)

    def __post_init__(self) -> None:
        self.pixels = ScoreHistogram(rows=2)

    def add(self, scores: np.ndarray, positive: np.ndarray) -> None:
        """scores: float32 of any range. positive: bool of the same shape."""
        self.pixels.add(scores, np.asarray(positive, bool))

    @property
    def positives(self) -> np.ndarray:
        """int64 (N,): of each score that occurs, the lowest first."""
        return self.pixels.counts[1]

    @property
    def negatives(self) -> np.ndarray:
        """int64 (N,): of the same scores."""
        return self.pixels.counts[0]

    def _falling(self) -> tuple[np.ndarray, np.ndarray]:
        """True and false positives at each threshold that occurs, the highest first."""
        return np.cumsum(self.positives[::-1]), np.cumsum(self.negatives[::-1])

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
        wrong = np.cumsum(self.positives).astype(np.float64)
        kept = np.cumsum(self.positives + self.negatives).astype(np.float64)
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
        sizes = self.positives + self.negatives
        if not len(sizes):
            return float("nan")
        _, risk = self.risk_coverage()
        return float((risk * sizes).sum() / sizes.sum())

    @property
    def generalized_risk_coverage_area(self) -> float:
        """Area under the share of *all* pixels that are kept and wrong, over coverage (AUGRC).

        Traub et al. 2024, arXiv:2407.01032: the mean risk of an error that slips through, 0 to
        0.5; lower is better. Ties count half, so that with an accuracy a it is
        (1 - AUROC) * a * (1 - a) + (1 - a)**2 / 2. nan without pixels.
        """
        wrong, right = (
            np.concatenate([[0], np.cumsum(counts)]) for counts in (self.positives, self.negatives)
        )
        total = int(wrong[-1] + right[-1])
        if not total:
            return float("nan")
        return float(np.trapezoid(wrong / total, (wrong + right) / total))

    def best_f1_threshold(self) -> float:
        """The threshold above which the positives are found with the highest F1, a float32.

        Of several the highest; nan without positives.
        """
        hits, alarms = self._falling()
        if not (len(hits) and hits[-1]):
            return float("nan")
        best = int(np.argmax(2 * hits / (hits + alarms + hits[-1])))
        return upper_edge(int(self.pixels.bins[::-1][best]) - 1)
