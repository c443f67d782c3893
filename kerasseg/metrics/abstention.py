"""What it costs, and brings, to leave the pixels unlabelled that score highest: the counts."""

from dataclasses import dataclass, field

import numpy as np

from kerasseg.metrics.histogram import ScoreHistogram, bins_of, upper_edge

# A row for each class and outcome: 512 bins to an octave keep that at some megabytes.
_STEPS = 512
_CURVE = np.linspace(0, 0.1, 41)


@dataclass(frozen=True)
class Unlabelled:
    """given_up: share of the known pixels that are unlabelled. miou: with those counted as missed.
    caught: share of the unknown pixels that are unlabelled. None where there is nothing of it."""

    given_up: float | None
    miou: float | None
    caught: float | None


@dataclass
class UnlabelledPixels:
    """Pixels of some images by score. classes: C, the evaluated ones; 0: which is right is not
    known. A pixel that the model itself answers with background is unlabelled at any threshold.

    answered: of the known pixels with a class for an answer, C rows of right and C of wrong ones
    by that class (one row if C is 0), then a row of unknown pixels with such an answer.
    truth: int64 (C,), all known pixels by class. known, unknown: all pixels of either kind.
    """

    classes: int
    answered: ScoreHistogram = field(init=False)
    truth: np.ndarray = field(init=False)
    known: int = 0
    unknown: int = 0

    def __post_init__(self) -> None:
        self.answered = ScoreHistogram((2 * self.classes or 1) + 1, steps=_STEPS)
        self.truth = np.zeros(self.classes, np.int64)

    def add(
        self,
        scores: np.ndarray,
        *,
        answered: np.ndarray,
        known: np.ndarray,
        unknown: np.ndarray | None,
        truth: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> None:
        """scores: float32 (H, W), any range, higher: rather unknown. answered: bool (H, W), the
        answer is a class. known: bool (H, W), labelled in the truth. unknown: bool (H, W), or None
        where nobody says. truth, labels: uint8 (H, W) trainIds, with classes.
        """
        unknown = np.zeros_like(known) if unknown is None else unknown
        self.known += int(known.sum())
        self.unknown += int(unknown.sum())
        chosen = answered & (known | unknown)
        if self.classes:
            assert truth is not None
            assert labels is not None
            self.truth += np.bincount(truth[known], minlength=self.classes)
            row = labels[chosen].astype(np.int64)
            row += self.classes * (labels != truth)[chosen]
        else:
            row = np.zeros(int(chosen.sum()), np.int64)
        row[unknown[chosen]] = self.answered.rows - 1
        self.answered.add(scores[chosen], row)

    def threshold(self, share: float) -> float | None:
        """The lowest threshold, a float32, above which and by the model's own answers at most
        `share` (0…1) of the known pixels are unlabelled; None if the latter alone are more."""
        bins = self.answered.bins
        falling = np.cumsum(self.answered.counts[:-1].sum(axis=0)[::-1])
        allowed = share * self.known - (self.known - int(falling[-1] if len(falling) else 0))
        if allowed < 0 or not len(bins):
            return None
        taken = int(np.searchsorted(falling, allowed, side="right"))  # bins above the threshold
        last = bins[len(bins) - 1 - taken] if taken < len(bins) else bins[0] - 1
        return upper_edge(int(last), steps=_STEPS)

    def at(self, threshold: float | None) -> Unlabelled:
        """The cost with the pixels above `threshold` unlabelled; of None the model's own answers.

        threshold: of `threshold`, also of other images.
        """
        bins, kept = self.answered.bins, len(self.answered.bins)
        if threshold is not None:
            number = int(bins_of(np.array(threshold), steps=_STEPS))
            kept = int(np.searchsorted(bins, number, side="right"))
        return self._with(self.answered.counts[:, :kept].sum(axis=1))

    def _with(self, labelled: np.ndarray) -> Unlabelled:
        """labelled: of each row of `answered`, the pixels that keep their label."""
        *known, unknown = labelled.tolist()
        return Unlabelled(
            given_up=(self.known - sum(known)) / self.known if self.known else None,
            miou=self._miou(labelled[: self.classes], labelled[self.classes : -1]),
            caught=(self.unknown - unknown) / self.unknown if self.unknown else None,
        )

    def _miou(self, right: np.ndarray, wrong: np.ndarray) -> float | None:
        """As ConfusionMatrix.miou: what is given up is a miss."""
        union = self.truth + wrong if self.classes else self.truth
        occur = union > 0
        return float((right[occur] / union[occur]).mean()) if occur.any() else None

    def curve(self) -> list[Unlabelled]:
        """From the model's own answers to a tenth of the known pixels, at most 41 points; each is
        of the highest threshold that gives up as much as asked."""
        kept = np.cumsum(self.answered.counts, axis=1)[:, ::-1]  # the highest threshold first
        given_up = (self.known - kept[:-1].sum(axis=0)) / max(self.known, 1)
        first = np.searchsorted(given_up, _CURVE)
        return [self._with(kept[:, i]) for i in np.unique(first[first < kept.shape[1]])]
