"""Scores of a split from one confusion matrix, summed in int64."""

from dataclasses import dataclass, field

import numpy as np

from kerasseg.metrics.run_lengths import runs
from kerasseg.metrics.undefined import null_if_undefined


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
        self.counts += image.counts
        self.image_accuracies += image.image_accuracies
        return image

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


def image_scores(name: str, matrix: ConfusionMatrix) -> dict:
    """An entry of `each_image`; matrix: of that image, its classes alone are averaged."""
    return {
        "name": name,
        "miou": null_if_undefined(matrix.miou),
        "pixel_accuracy": null_if_undefined(matrix.pixel_accuracy),
    }


def scores(matrix: ConfusionMatrix, *, names: tuple[str, ...], split: str) -> dict:
    """What `metrics.json` starts with; null where a class or a split has nothing to score."""
    pixels = matrix.counts[: matrix.classes].sum(axis=1)
    return {
        "split": split,
        "images": len(matrix.image_accuracies),
        "miou": null_if_undefined(matrix.miou),
        "pixel_accuracy": null_if_undefined(matrix.pixel_accuracy),
        "image_accuracy": null_if_undefined(matrix.image_accuracy),
        "classes": {
            name: {"iou": null_if_undefined(iou), "pixels": int(count)}
            for name, iou, count in zip(names, matrix.iou, pixels, strict=True)
        },
        "confusion": matrix.counts.tolist(),
    }
