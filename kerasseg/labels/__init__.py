"""Classes of a data set: names, colours, label ids and trainIds, and what happens to void."""

from kerasseg.labels.label_set import (
    MAX_CLASSES,
    OUTSIDE,
    UNKNOWN,
    VOID,
    Color,
    LabelSet,
    Void,
    camvid_labels,
    cityscapes_labels,
)

__all__ = [
    "MAX_CLASSES",
    "OUTSIDE",
    "UNKNOWN",
    "VOID",
    "Color",
    "LabelSet",
    "Void",
    "camvid_labels",
    "cityscapes_labels",
]
