"""iIoU of Cityscapes: IoU in which a small object counts as much as a large one.

Cordts et al. 2016, section 4.1: the pixels of each instance are weighted by the mean size of its
class over the size of the instance. A false positive has no instance, so it is counted by pixels.
"""

from dataclasses import dataclass, field

import numpy as np

from kerasseg.metrics.confusion import ConfusionMatrix

# Mean pixels of an instance in the Cityscapes training set, as the official evaluator has them.
MEAN_SIZE = {
    "person": 3462.4756337644,
    "rider": 3930.4788056518,
    "car": 12794.0202738185,
    "truck": 27855.1264367816,
    "bus": 35732.1511111111,
    "train": 67583.7075812274,
    "motorcycle": 6298.7200839748,
    "bicycle": 4672.3249222261,
}


@dataclass
class InstanceScores:
    """Weighted hits and misses a class, summed over images.

    names: evaluated classes by trainId. ids: their label ids in the same order.
    """

    names: tuple[str, ...]
    ids: tuple[int, ...]
    hits: np.ndarray = field(init=False)
    misses: np.ndarray = field(init=False)

    def __post_init__(self):
        self.hits = np.zeros(len(self.names))
        self.misses = np.zeros(len(self.names))

    def add(self, instances: np.ndarray, prediction: np.ndarray) -> None:
        """instances: (H, W) of id * 1000 + number, or an id under 1000 for a region without.

        prediction: uint8 (H, W) trainIds.
        """
        found, inverse, sizes = np.unique(instances, return_inverse=True, return_counts=True)
        inverse = inverse.reshape(instances.shape)
        train_of = {label_id: train for train, label_id in enumerate(self.ids)}
        target = np.full(len(found), 255, np.int64)
        for index, value in enumerate(found.tolist()):
            if value >= 1000 and value // 1000 in train_of:
                target[index] = train_of[value // 1000]
        right = np.bincount(
            inverse.ravel(),
            weights=(prediction == target[inverse]).ravel(),
            minlength=len(found),
        )
        for index, train in enumerate(target.tolist()):
            if train == 255 or self.names[train] not in MEAN_SIZE:
                continue
            weight = MEAN_SIZE[self.names[train]] / sizes[index]
            self.hits[train] += right[index] * weight
            self.misses[train] += (sizes[index] - right[index]) * weight

    def iou(self, matrix: ConfusionMatrix) -> np.ndarray:
        """float64 (C,); nan for a class without instances. matrix: of the same images."""
        valid = matrix.counts[: matrix.classes, : matrix.classes]
        wrong = valid.sum(axis=0) - np.diag(valid)
        union = self.hits + self.misses + wrong
        result = np.full(len(self.names), np.nan)
        for train, name in enumerate(self.names):
            if name in MEAN_SIZE and union[train] > 0:
                result[train] = self.hits[train] / union[train]
        return result
