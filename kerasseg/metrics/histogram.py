"""Pixels counted by score: memory that does not grow with a split, thresholds that are exact.

The bit patterns of float32 grow with the numbers (those of negative ones fall), so their upper bits
are bins with 2,048 to an octave by default: scores that differ by less than 1/2048 may share a bin
and then count as tied. Kept are the bins that hold a pixel: a score from 1e-7 to 1 fills at most
50,000 of them.
"""

from dataclasses import dataclass, field

import numpy as np

_MANTISSA = 23  # bits
_INFINITY = 0x7F800000
STEPS = 2048


def bins_of(scores: np.ndarray, *, steps: int = STEPS) -> np.ndarray:
    """int64 bin numbers, of the shape of `scores`; monotone, 0 is the bin of 0.

    scores: float32 of any range. steps: bins to an octave, a power of 2 up to 2**22.
    Raises ValueError for a score that is not a number.
    """
    scores = np.asarray(scores, np.float32) + np.float32(0)  # -0 becomes 0
    lowest = scores.min(initial=0)
    if np.isnan(lowest):
        raise ValueError("a score is not a number")
    bits, shift = scores.view(np.int32), _shift(steps)
    if lowest < 0:
        magnitudes = (bits & 0x7FFFFFFF) >> shift
        return np.where(bits < 0, ~magnitudes, magnitudes).astype(np.int64)
    return (bits >> shift).astype(np.int64)


def upper_edge(number: int, *, steps: int = STEPS) -> float:
    """The largest float32 in a bin: `scores > upper_edge(n)` are exactly those in higher bins."""
    shift = _shift(steps)
    if number >= 0:
        bits = min(((number + 1) << shift) - 1, _INFINITY)
        return float(np.array(bits, np.int32).view(np.float32))
    bits = min(max(~number << shift, 1), _INFINITY)  # 0 itself is in bin 0
    return -float(np.array(bits, np.int32).view(np.float32))


def _shift(steps: int) -> int:
    return _MANTISSA - steps.bit_length() + 1


@dataclass
class ScoreHistogram:
    """rows: kinds of pixels that are counted apart. steps: see `bins_of`.

    bins: int64 (N,), rising, those that hold pixels. counts: int64 (rows, N).
    """

    rows: int
    steps: int = STEPS
    bins: np.ndarray = field(init=False)
    counts: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.bins = np.zeros(0, np.int64)
        self.counts = np.zeros((self.rows, 0), np.int64)

    def add(self, scores: np.ndarray, row: np.ndarray) -> None:
        """scores: float32, any shape. row: integers of the same shape, the kind of each pixel.

        Raises ValueError for a score that is not a number.
        """
        bins = bins_of(scores, steps=self.steps).ravel()
        if not bins.size:
            return
        lowest, highest = bins.min(), bins.max()
        bins -= lowest
        bins *= self.rows
        bins += np.asarray(row).ravel()
        counts = np.bincount(bins, minlength=self.rows * int(highest - lowest + 1))
        counts = counts.reshape(-1, self.rows)
        used = np.flatnonzero(counts.any(axis=1))
        self._merge(used + lowest, counts[used].T)

    def _merge(self, bins: np.ndarray, counts: np.ndarray) -> None:
        new = np.setdiff1d(bins, self.bins, assume_unique=True)
        if len(new):
            union = np.sort(np.concatenate([self.bins, new]))
            wider = np.zeros((self.rows, len(union)), np.int64)
            wider[:, np.searchsorted(union, self.bins)] = self.counts
            self.bins, self.counts = union, wider
        self.counts[:, np.searchsorted(self.bins, bins)] += counts
