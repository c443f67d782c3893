"""A label map to the polygons that annotation tools draw: shared borders stay shared.

Corners have the coordinates of pixel edges: pixel (row 0, column 0) is the square from (0, 0) to
(1, 1). The polygons of an image tile it. A border between two regions, from one corner where a
third one begins to the next, is simplified once (Douglas and Peucker), so that both sides keep it
in common and no gap opens. Holes are not cut out: what lies in them is painted later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage


@dataclass(frozen=True, eq=False)
class Outline:
    """One region. label: its value in the map. points: float (N, 2), x and y, N >= 3, closed."""

    label: int
    points: np.ndarray

    @property
    def area(self) -> float:
        """Pixels, holes included."""
        x, y = self.points.T
        return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def outlines(labels: np.ndarray, *, tolerance: float, smallest: int = 0) -> list[Outline]:
    """The regions of equal labels (4-neighbours), largest first, in which order to paint them.

    labels: uint8 (H, W). tolerance: pixels that a border may move, >= 0; 0 keeps every corner.
    smallest: regions of fewer pixels take the label nearest to each of their pixels.
    """
    regions, values = _regions(without_specks(labels, smallest))
    padded = np.pad(regions, 1)
    junctions = _junctions(padded)
    known: dict[bytes, np.ndarray] = {}
    found = []
    for region, ring in _outer_rings(padded):
        points = _simplified(ring, junctions, tolerance, known)
        if len(points) >= 3:
            found.append(Outline(int(values[region]), points))
    return sorted(found, key=lambda outline: -outline.area)


def without_specks(labels: np.ndarray, smallest: int) -> np.ndarray:
    """`labels` with every region of fewer than `smallest` pixels filled from what is nearest."""
    regions, values = _regions(labels)
    small = np.bincount(regions.ravel(), minlength=len(values)) < smallest
    if not small[regions].any() or small[1:].all():
        return labels
    nearest = ndimage.distance_transform_edt(
        small[regions], return_distances=False, return_indices=True
    )
    return labels[tuple(nearest)]


def _regions(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int32 (H, W) numbers from 1 of the connected regions, and the label of each number."""
    regions = np.zeros(labels.shape, np.int32)
    values = [0]
    for value in np.unique(labels):
        own, count = ndimage.label(labels == value)
        regions[own > 0] = own[own > 0] + len(values) - 1
        values += [int(value)] * count
    return regions, np.array(values)


def _junctions(padded: np.ndarray) -> np.ndarray:
    """bool (H + 1, W + 1): the corners at which three regions meet, or two diagonally.

    padded: regions with a rim of 0, which counts as one.
    """
    a, b, c, d = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    ordered = np.sort(np.stack([a, b, c, d]), axis=0)
    distinct = 1 + (np.diff(ordered, axis=0) > 0).sum(axis=0)
    return (distinct >= 3) | ((a == d) & (b == c) & (a != b))


def _outer_rings(padded: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(region, int (N, 2) corners) of the outer border of each region, clockwise as seen.

    Every border between two pixels is one step for either side, to the right, down, left or up (0
    to 3), with its region on the right hand; where a region has two ways on, the right turn keeps
    pixels that touch at a corner only apart.
    """
    across = padded.shape[1]  # one more than corners in a row
    regions, starts, ways = [], [], []
    ys, xs = np.nonzero(padded[:-1, 1:-1] != padded[1:, 1:-1])
    for side, to, shift in ((padded[1:, 1:-1], 0, 0), (padded[:-1, 1:-1], 2, 1)):
        regions.append(side[ys, xs])
        starts.append(ys * across + xs + shift)
        ways.append(np.full(len(ys), to))
    ys, xs = np.nonzero(padded[1:-1, :-1] != padded[1:-1, 1:])
    for side, to, shift in ((padded[1:-1, 1:], 3, 1), (padded[1:-1, :-1], 1, 0)):
        regions.append(side[ys, xs])
        starts.append((ys + shift) * across + xs)
        ways.append(np.full(len(ys), to))
    inside = np.concatenate(regions) > 0
    region = np.concatenate(regions)[inside].astype(np.int64)
    start, way = np.concatenate(starts)[inside], np.concatenate(ways)[inside]
    end = start + np.array([1, across, -1, -across])[way]

    span = across * padded.shape[0]
    order = np.argsort(region * span + start, kind="stable")
    region, start, way, end = region[order], start[order], way[order], end[order]
    keys = region * span + start
    first = np.searchsorted(keys, region * span + end)
    second = np.minimum(first + 1, len(keys) - 1)
    turns = (keys[second] == keys[first]) & (way[second] == (way + 1) % 4)
    following = np.where(turns, second, first).tolist()

    done = np.zeros(len(keys), bool)
    for seed in range(len(keys)):
        if done[seed]:
            continue
        steps = []
        step = seed
        while not done[step]:
            done[step] = True
            steps.append(step)
            step = following[step]
        corners = np.stack([start[steps] % across, start[steps] // across], axis=1)
        x, y = corners.T
        if x @ np.roll(y, -1) - y @ np.roll(x, -1) > 0:  # a hole runs the other way round
            yield int(region[seed]), corners


def _simplified(
    ring: np.ndarray, junctions: np.ndarray, tolerance: float, known: dict[bytes, np.ndarray]
) -> np.ndarray:
    """The ring with each stretch between two junctions simplified. known: those that are done."""
    cuts = np.flatnonzero(junctions[ring[:, 1], ring[:, 0]])
    if not len(cuts):
        cuts = np.array([np.lexsort(ring.T)[0]])
    ring = np.roll(ring, -cuts[0], axis=0)
    ends = [*(cuts - cuts[0]).tolist(), len(ring)]
    ring = np.concatenate([ring, ring[:1]])
    parts = []
    for begin, end in pairwise(ends):
        stretch = ring[begin : end + 1]
        backward = stretch[::-1]
        turned = stretch.tobytes() > backward.tobytes()  # the same from both sides
        ordered = backward if turned else stretch
        key = ordered.tobytes()
        if key not in known:
            known[key] = ordered[_kept(ordered.astype(np.float64), tolerance)]
        parts.append((known[key][::-1] if turned else known[key])[:-1])
    return np.concatenate(parts).astype(np.float64)


def _kept(points: np.ndarray, tolerance: float) -> np.ndarray:
    """Which points Douglas and Peucker keep: none that is left out is farther than `tolerance`."""
    keep = np.zeros(len(points), bool)
    keep[[0, -1]] = True
    open_parts = [(0, len(points) - 1)]
    while open_parts:
        begin, end = open_parts.pop()
        if end - begin < 2:
            continue
        base = points[end] - points[begin]
        offset = points[begin + 1 : end] - points[begin]
        length = float(base @ base)
        along = np.clip(offset @ base / length, 0, 1)[:, None] * base if length else 0 * offset
        distance = np.hypot(*(offset - along).T)
        farthest = int(distance.argmax())
        if distance[farthest] > tolerance:
            middle = begin + 1 + farthest
            keep[middle] = True
            open_parts += [(begin, middle), (middle, end)]
    return keep
