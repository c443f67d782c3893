"""What a source draws, as class names."""

import numpy as np

from kerasseg.importing.class_map import plan_classes
from kerasseg.labels import VOID


def names_of(source, place=0, size=None):
    """(H, W) text: the class of each pixel of one label; "void" for 255."""
    plan = plan_classes(source.classes, {})
    rest = VOID if source.rest is None else plan.ids[source.rest]
    label = source.pairs[place].label
    size = size or getattr(label, "size", None) or (8, 12)
    drawn = label.draw(plan.ids, rest=rest, size=size)
    table = np.full(256, "void", "<U40")
    table[: len(plan.names)] = plan.names
    return table[drawn.label]


def counts_of(source, place=0, size=None):
    """{class: pixels} of one label."""
    names, counts = np.unique(names_of(source, place, size), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
