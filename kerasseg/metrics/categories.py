"""IoU of groups of classes, as Cityscapes' evaluator has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import Score, ScoredImage, mean_of_defined
from kerasseg.metrics.undefined import null_if_undefined, read_number


def category_iou(matrix: ConfusionMatrix, categories: Sequence[str]) -> dict[str, float]:
    """IoU of each category, in the order of their first classes; nan if none of it occurs.

    categories: one for each class. A pixel is right if truth and answer are of one category;
    background on an evaluated pixel is a miss of its category.
    """
    classes = matrix.classes
    valid, groups = matrix.counts[:classes], np.array(list(categories))
    iou = {}
    for name in dict.fromkeys(categories):
        inside = groups == name
        right = int(valid[inside][:, :classes][:, inside].sum())
        missed = int(valid[inside].sum()) - right
        wrong = int(valid[~inside][:, :classes][:, inside].sum())
        union = right + missed + wrong
        iou[name] = right / union if union else float("nan")
    return iou


@dataclass(frozen=True)
class CategoryScores:
    """iou: by name of the category. miou: the mean of those that occur."""

    iou: Mapping[str, float | None]
    miou: float | None

    def to_json(self) -> dict[str, Any]:
        return {"categories": dict(self.iou), "miou_categories": self.miou}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CategoryScores | None":
        if "categories" not in data:
            return None
        return cls(
            iou={name: read_number(value) for name, value in data["categories"].items()},
            miou=read_number(data["miou_categories"]),
        )

    def summary(self) -> tuple[Score, ...]:
        return (Score("mIoU of categories", self.miou),)


@dataclass
class CategoryScorer:
    """categories: one for each class; empty: the data set has none."""

    categories: tuple[str, ...]

    def add(self, image: ScoredImage) -> None:
        """Nothing to do: all of it is in the confusion matrix."""

    def scores(self, confusion: ConfusionMatrix) -> CategoryScores | None:
        if not self.categories:
            return None
        iou = {
            n: null_if_undefined(value)
            for n, value in category_iou(confusion, self.categories).items()
        }
        return CategoryScores(iou, mean_of_defined(iou.values()))
