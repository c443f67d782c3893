"""Scores of a split from one confusion matrix, summed in int64."""

from dataclasses import dataclass, field

import numpy as np

from kerasseg.metrics.run_lengths import runs


@dataclass
class ConfusionMatrix:
    """Rows: truth. Columns: prediction. Index C is void in the truth, background in the answer.

    classes: C, the evaluated classes. Void pixels of the truth are left out of every score but
    `image_accuracy`; background predicted on an evaluated pixel counts as a miss.
    """

    classes: int
    counts: np.ndarray = field(init=False)
    image_accuracies: list[float] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.counts = np.zeros((self.classes + 1, self.classes + 1), np.int64)

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> "ConfusionMatrix":
        """Adds one image. Both uint8 (H, W) trainIds; 255 or C is void or background.

        Returns the matrix of that image alone.
        """
        side = self.classes + 1
        starts, lengths = runs(truth, prediction)
        pairs = np.minimum(truth.ravel()[starts], self.classes).astype(np.int64) * side
        pairs += np.minimum(prediction.ravel()[starts], self.classes)
        # Weights are float64: whole numbers up to 2**53 are exact.
        counts = np.bincount(pairs, weights=lengths, minlength=side * side).astype(np.int64)
        image = ConfusionMatrix(self.classes)
        image.counts += counts.reshape(side, side)
        image.image_accuracies.append(float(np.trace(image.counts) / counts.sum()))
        self.merge(image)
        return image

    def merge(self, other: "ConfusionMatrix") -> None:
        """Adds all images of a matrix of the same classes."""
        self.counts += other.counts
        self.image_accuracies += other.image_accuracies

    @property
    def iou(self) -> np.ndarray:
        """float64 (C,): TP / (TP + FP + FN); nan for a class in neither truth nor prediction."""
        valid = self.counts[: self.classes]
        hits = np.diag(valid).astype(np.float64)
        union = valid.sum(axis=1) + valid[:, : self.classes].sum(axis=0) - hits
        return np.divide(hits, union, out=np.full(self.classes, np.nan), where=union > 0)

    @property
    def miou(self) -> float:
        """Mean IoU over the classes that occur; nan if none does."""
        iou = self.iou
        return float(iou[~np.isnan(iou)].mean()) if (~np.isnan(iou)).any() else float("nan")

    @property
    def pixel_accuracy(self) -> float:
        """Share of the evaluated pixels that are right; nan without any."""
        valid = self.counts[: self.classes]
        return float(np.trace(valid) / valid.sum()) if valid.sum() else float("nan")

    @property
    def image_accuracy(self) -> float:
        """The reference's score: accuracy of each image with void as a class, averaged."""
        return float(np.mean(self.image_accuracies)) if self.image_accuracies else float("nan")
