"""How well the edges of objects are met: Boundary IoU, boundary F, IoU near edges (trimap)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt

from kerasseg.labels import VOID
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import Score, ScoredImage, mean_of_defined
from kerasseg.metrics.undefined import null_if_undefined, read_number

COMPARED_TOLERANCE = 2  # pixels: of the boundary F by which runs are compared
_SQUARE, _CROSS = np.ones((3, 3), bool), np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)


def inner_band(mask: np.ndarray, *, width: int) -> np.ndarray:
    """Pixels of `mask` within `width` of its edge, in king's moves; the image border is an edge.

    mask: bool (H, W). width: >= 1. Returns bool (H, W).
    """
    return mask & ~binary_erosion(mask, _SQUARE, iterations=width, border_value=0)


def edge(mask: np.ndarray) -> np.ndarray:
    """Pixels of `mask` (bool (H, W)) with a 4-neighbour outside of it; the border is no edge."""
    return mask & ~binary_erosion(mask, _CROSS, border_value=1)


def lines_between(labels: np.ndarray) -> np.ndarray:
    """Pixels of uint8 (H, W) with a 4-neighbour of another label: "thick" edges, bool (H, W)."""
    lines = np.zeros(labels.shape, bool)
    for ours, rows in ((lines, labels), (lines.T, labels.T)):
        change = rows[1:] != rows[:-1]
        ours[1:] |= change
        ours[:-1] |= change
    return lines


def grown(mask: np.ndarray, *, width: int) -> np.ndarray:
    """bool (H, W) dilated by a square of 2 * width - 1 pixels; width 1 changes nothing."""
    mask = mask.copy()
    for _ in range(width - 1):
        for lines in (mask, mask.T):
            before = lines.copy()
            lines[1:] |= before[:-1]
            lines[:-1] |= before[1:]
    return mask


@dataclass(frozen=True)
class BoundaryScores:
    """boundary_iou: mean over the classes. boundary_f: by tolerance, trimap_miou by distance, both
    in pixels. None where nothing of the kind occurs."""

    boundary_iou: float | None
    boundary_f: Mapping[int, float | None]
    trimap_miou: Mapping[int, float | None]

    def to_json(self) -> dict[str, Any]:
        return {
            "boundary_iou": self.boundary_iou,
            "boundary_f": {str(pixels): value for pixels, value in self.boundary_f.items()},
            "trimap_miou": {str(pixels): value for pixels, value in self.trimap_miou.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "BoundaryScores | None":
        if "boundary_iou" not in data:
            return None
        f, trimap = (
            {int(pixels): read_number(value) for pixels, value in data[key].items()}
            for key in ("boundary_f", "trimap_miou")
        )
        return cls(read_number(data["boundary_iou"]), f, trimap)

    def summary(self) -> tuple[Score, ...]:
        return (
            Score("boundary IoU", self.boundary_iou),
            *(
                Score(f"boundary F {pixels} px", value, compared=pixels == COMPARED_TOLERANCE)
                for pixels, value in self.boundary_f.items()
            ),
            *(
                Score(f"mIoU within {pixels} px of an edge", value)
                for pixels, value in self.trimap_miou.items()
            ),
        )


@dataclass
class BoundaryScorer:
    """Sums over a split. classes: C. share: band of Boundary IoU, of the image's diagonal.

    tolerances: pixels within which boundary F accepts an edge. distances: pixels around the true
    edges in which the trimap scores are taken. Void pixels of the truth are left out everywhere.
    """

    classes: int
    share: float = 0.02
    tolerances: tuple[int, ...] = (1, 2, 3, 5)
    distances: tuple[int, ...] = (1, 2, 4, 8, 16)
    trimaps: dict[int, ConfusionMatrix] = field(init=False)

    def __post_init__(self) -> None:
        self._shared = np.zeros((self.classes, 2), np.int64)  # intersection, union of the bands
        self._f: dict[int, list[float]] = {t: [] for t in self.tolerances}
        self.trimaps = {d: ConfusionMatrix(self.classes) for d in self.distances}

    def add(self, image: ScoredImage) -> None:
        truth, labels = image.truth, image.labels
        valid = truth != VOID
        width = max(1, round(self.share * float(np.hypot(*truth.shape))))
        matches: dict[int, list[float]] = {t: [] for t in self.tolerances}
        for index in np.union1d(np.unique(truth[valid]), np.unique(labels[valid])).tolist():
            if index >= self.classes:
                continue
            masks = truth == index, labels == index
            near = [inner_band(mask, width=width) & valid for mask in masks]
            self._shared[index] += (near[0] & near[1]).sum(), (near[0] | near[1]).sum()
            for tolerance, value in self._edges(masks, valid).items():
                matches[tolerance].append(value)
        for tolerance, values in matches.items():
            present = [value for value in values if not np.isnan(value)]
            if present:
                self._f[tolerance].append(float(np.mean(present)))
        self._add_trimaps(truth, labels, valid)

    def _edges(self, masks: Sequence[np.ndarray], valid: np.ndarray) -> dict[int, float]:
        """Boundary F of one class (Csurka et al. 2013) at each tolerance; nan without edges."""
        true, predicted = (edge(mask) & valid for mask in masks)
        if not (true.any() or predicted.any()):
            return dict.fromkeys(self.tolerances, float("nan"))
        if not (true.any() and predicted.any()):
            return dict.fromkeys(self.tolerances, 0.0)
        to_true, to_predicted = (distance_transform_edt(~lines) for lines in (true, predicted))
        result = {}
        for tolerance in self.tolerances:
            precision = float((to_true[predicted] <= tolerance).mean())
            recall = float((to_predicted[true] <= tolerance).mean())
            both = precision + recall
            result[tolerance] = 2 * precision * recall / both if both else 0.0
        return result

    def _add_trimaps(self, truth: np.ndarray, labels: np.ndarray, valid: np.ndarray) -> None:
        """Confusions of the pixels near an edge between two labels, void among them."""
        lines = lines_between(truth)
        if not lines.any():
            return
        away = distance_transform_edt(~lines)
        for distance, matrix in self.trimaps.items():
            chosen = valid & (away < distance)
            if chosen.any():
                matrix.add(truth[chosen][None], labels[chosen][None])

    def scores(self, confusion: ConfusionMatrix) -> BoundaryScores:
        used = self._shared[:, 1] > 0
        iou = self._shared[used, 0] / self._shared[used, 1]
        return BoundaryScores(
            boundary_iou=float(iou.mean()) if used.any() else None,
            boundary_f={t: mean_of_defined(values) for t, values in self._f.items()},
            trimap_miou={d: null_if_undefined(matrix.miou) for d, matrix in self.trimaps.items()},
        )
