"""iIoU of Cityscapes: IoU in which a small object counts as much as a large one.

Cordts et al. 2016, section 4.1: the pixels of each instance are weighted by the mean size of its
class over the size of the instance. A false positive has no instance, so it is counted by pixels.
"""

from dataclasses import dataclass, field

import numpy as np

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.run_lengths import runs

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
    """Weighted hits and misses, summed over images, of classes and of categories.

    names: evaluated classes by trainId. ids: their label ids. categories: one for each class, or
    empty; scored are those of which every class has instances.
    """

    names: tuple[str, ...]
    ids: tuple[int, ...]
    categories: tuple[str, ...] = ()
    hits: dict[str, float] = field(init=False, default_factory=dict)
    misses: dict[str, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        # Every group of trainIds that is scored, by name: each class, then each category.
        self._groups: dict[str, tuple[int, ...]] = {
            n: (i,) for i, n in enumerate(self.names) if n in MEAN_SIZE
        }
        for category in dict.fromkeys(self.categories):
            members = tuple(i for i, c in enumerate(self.categories) if c == category)
            if all(self.names[i] in MEAN_SIZE for i in members):
                self._groups[category] = members
        self.hits = dict.fromkeys(self._groups, 0.0)
        self.misses = dict.fromkeys(self._groups, 0.0)

    def add(self, instances: np.ndarray, prediction: np.ndarray) -> None:
        """instances: (H, W) of id * 1000 + number, or an id under 1000 for a region without.

        prediction: uint8 (H, W) trainIds.
        """
        starts, lengths = runs(instances, prediction)
        values, given = instances.ravel()[starts], prediction.ravel()[starts]
        things = values >= 1000
        instance_values, rows = np.unique(values[things], return_inverse=True)
        # Pixels of each instance that are answered with each trainId.
        answers = np.zeros((len(instance_values), 256), np.int64)
        np.add.at(answers, (rows, given[things]), lengths[things])
        train_of = {label_id: train for train, label_id in enumerate(self.ids)}
        for value, row in zip(instance_values.tolist(), answers, strict=True):
            train = train_of.get(value // 1000)
            if train is None or self.names[train] not in MEAN_SIZE:
                continue
            size = int(row.sum())
            weight = MEAN_SIZE[self.names[train]] / size
            for name, members in self._groups.items():
                if train in members:
                    right = int(row[list(members)].sum())
                    self.hits[name] += right * weight
                    self.misses[name] += (size - right) * weight

    def iou(self, matrix: ConfusionMatrix) -> dict[str, float]:
        """iIoU by class and category name; nan if neither occurs. matrix: of the same images."""
        valid = matrix.counts[: matrix.classes, : matrix.classes]
        result = {}
        for name, members in self._groups.items():
            columns = valid[:, list(members)]
            wrong = int(columns.sum() - columns[list(members)].sum())
            union = self.hits[name] + self.misses[name] + wrong
            result[name] = self.hits[name] / union if union else float("nan")
        return result
