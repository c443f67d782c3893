"""Things and what is found of them, component by component: SegmentMeIfYouCan's measures.

Chan et al. 2021, "SegmentMeIfYouCan: A Benchmark for Anomaly Segmentation", arXiv:2104.14812,
section 3: the component-wise IoU is of Rottmann et al. 2020, adjusted for neighbours.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import label

# Of its anomaly track: least pixels of a prediction and of a thing, on images of this many pixels.
_SMALLEST_PREDICTION, _SMALLEST_THING, _IMAGE = 500, 100, 1280 * 720
LIMITS = np.arange(25, 80, 5) / 100
_NEIGHBOURS = np.ones((3, 3), bool)  # eight


def smallest_sizes(height: int, width: int) -> tuple[int, int]:
    """(prediction, thing): least pixels of a component that counts, the benchmark's 500 and 100 at
    1280 x 720 and in proportion to the image's area elsewhere."""
    share = height * width / _IMAGE
    return round(_SMALLEST_PREDICTION * share), round(_SMALLEST_THING * share)


def component_overlaps(
    unknown: np.ndarray,
    predicted: np.ndarray,
    asked: np.ndarray,
    *,
    smallest_prediction: int = 0,
    smallest_thing: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """(sIoU of each thing, precision of each predicted component), float64 in 0…1.

    unknown, predicted, asked: bool (H, W): the things, what is taken for one, and the pixels that
    count; things lie within the latter. Components have eight neighbours. The sIoU of a thing is
    the part of it that is found over its size and the false pixels of the components that meet it,
    so pixels of other things are not held against it. Predicted components with fewer pixels than
    smallest_prediction are dropped; the pixels of a thing with fewer than smallest_thing do not
    count, as if they had not been asked for.
    """
    things, number = label(unknown & asked, _NEIGHBOURS)
    found, _ = label(predicted & asked, _NEIGHBOURS)
    sizes = np.bincount(found.ravel())
    found[(sizes < smallest_prediction)[found]] = 0
    small = np.bincount(things.ravel(), minlength=number + 1) < smallest_thing
    small[0] = False
    counted = asked & ~small[things]
    pairs, counts = np.unique(
        things[counted].astype(np.int64) * len(sizes) + found[counted], return_counts=True
    )
    thing, component = np.divmod(pairs, len(sizes))
    # Pixels of each thing (rows) in each predicted component (columns); index 0 is neither.
    rows, thing = np.unique(np.append(thing, 0), return_inverse=True)
    columns, component = np.unique(np.append(component, 0), return_inverse=True)
    shared = np.zeros((len(rows), len(columns)), np.int64)
    shared[thing[:-1], component[:-1]] = counts
    inside = shared[1:, 1:]
    false = (inside > 0) @ shared[0, 1:]
    return (
        inside.sum(axis=1) / (shared[1:].sum(axis=1) + false),
        inside.sum(axis=0) / shared[:, 1:].sum(axis=0),
    )


@dataclass
class ComponentCounts:
    """Sums over images. LIMITS: the bounds on sIoU above which a thing is found, and on precision
    up to which a predicted component is a false alarm; `found` and `false` have one number each."""

    images: int = 0
    things: int = 0
    predictions: int = 0
    siou: float = 0.0
    precision: float = 0.0
    found: np.ndarray = field(default_factory=lambda: np.zeros(len(LIMITS), np.int64))
    false: np.ndarray = field(default_factory=lambda: np.zeros(len(LIMITS), np.int64))

    def add(self, siou: np.ndarray, precision: np.ndarray) -> None:
        """One image: what `component_overlaps` gives."""
        self.images += 1
        self.things += len(siou)
        self.predictions += len(precision)
        self.siou += float(siou.sum())
        self.precision += float(precision.sum())
        self.found += (siou[:, None] > LIMITS).sum(axis=0)
        self.false += (precision[:, None] <= LIMITS).sum(axis=0)

    @property
    def mean_f1(self) -> float:
        """F1 = 2 TP / (2 TP + FN + FP), averaged over the limits; nan without things and false
        alarms."""
        below = self.found + self.things + self.false
        return float((2 * self.found / below).mean()) if below.all() else float("nan")
