"""Is a confidence of 0.8 right in 8 of 10 pixels? Expected calibration error from bins."""

from dataclasses import dataclass, field

import numpy as np


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

    def to_json(self) -> dict:
        """Lists over the bins that hold pixels: mean `confidence`, `accuracy`, `pixels`."""
        confidence, accuracy = self.curve
        return {
            "confidence": confidence.tolist(),
            "accuracy": accuracy.tolist(),
            "pixels": self.pixels[self.pixels > 0].tolist(),
        }
