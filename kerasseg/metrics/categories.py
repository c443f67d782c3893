"""IoU of groups of classes, as Cityscapes' evaluator has it."""

from collections.abc import Sequence

import numpy as np

from kerasseg.metrics.confusion import ConfusionMatrix


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
