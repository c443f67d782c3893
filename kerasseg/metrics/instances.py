"""iIoU of Cityscapes: IoU in which a small object counts as much as a large one.

Cordts et al. 2016, section 4.1: the pixels of each instance are weighted by the mean size of its
class over the size of the instance. A false positive has no instance, so it is counted by pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.run_lengths import runs
from kerasseg.metrics.scorer import Score, ScoredImage, mean_of_defined
from kerasseg.metrics.undefined import null_if_undefined, read_number

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


@dataclass(frozen=True)
class InstanceScores:
    """iIoU of classes and of categories by name, and the means of those that occur."""

    iiou: Mapping[str, float | None]
    miiou: float | None
    categories_iiou: Mapping[str, float | None]
    miiou_categories: float | None

    def to_json(self) -> dict[str, Any]:
        return {
            "iiou": dict(self.iiou),
            "miiou": self.miiou,
            "categories_iiou": dict(self.categories_iiou),
            "miiou_categories": self.miiou_categories,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "InstanceScores | None":
        if "iiou" not in data:
            return None
        iiou, categories = (
            {name: read_number(value) for name, value in data[key].items()}
            for key in ("iiou", "categories_iiou")
        )
        return cls(
            iiou=iiou,
            miiou=read_number(data["miiou"]),
            categories_iiou=categories,
            miiou_categories=read_number(data["miiou_categories"]),
        )

    def summary(self) -> tuple[Score, ...]:
        return (
            Score("mean iIoU", self.miiou),
            Score("mean iIoU of categories", self.miiou_categories),
        )


@dataclass
class InstanceScorer:
    """Weighted hits and misses, summed over images, of classes and of categories.

    names: evaluated classes by trainId. ids: their label ids. categories: one for each class, or
    empty; scored are those of which every class has instances.
    """

    names: tuple[str, ...]
    ids: tuple[int, ...]
    categories: tuple[str, ...] = ()
    hits: dict[str, float] = field(init=False, default_factory=dict)
    misses: dict[str, float] = field(init=False, default_factory=dict)
    complete: bool = field(init=False, default=True)

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

    def add(self, image: ScoredImage) -> None:
        """`image.instances`: id * 1000 + number, or an id under 1000 for a region without.

        After an image that has none, there are no scores of the split.
        """
        if image.instances is None:
            self.complete = False
            return
        starts, lengths = runs(image.instances, image.labels)
        values, given = image.instances.ravel()[starts], image.labels.ravel()[starts]
        things = values >= 1000
        instances, rows = np.unique(values[things], return_inverse=True)
        # Pixels of each instance that are answered with each trainId.
        answers = np.zeros((len(instances), 256), np.int64)
        np.add.at(answers, (rows, given[things]), lengths[things])
        train_of = {label_id: train for train, label_id in enumerate(self.ids)}
        for value, row in zip(instances.tolist(), answers, strict=True):
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

    def scores(self, confusion: ConfusionMatrix) -> InstanceScores | None:
        if not self.complete:
            return None
        iou = {name: null_if_undefined(value) for name, value in self.iou(confusion).items()}
        classes = {name: iou.pop(name) for name in self.names if name in iou}
        return InstanceScores(
            iiou=classes,
            miiou=mean_of_defined(classes.values()),
            categories_iiou=iou,
            miiou_categories=mean_of_defined(iou.values()),
        )
