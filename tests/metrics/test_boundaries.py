"""Boundary scores against loops over pixels."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from skimage.segmentation import find_boundaries

from kerasseg.metrics.boundaries import BoundaryScorer, edge, grown, inner_band, lines_between
from kerasseg.metrics.scorer import ScoredImage
from tests.metrics.uncertain_images import scores_of

SHAPE, CLASSES = (18, 23), 3


def blotches(seed):
    rng = np.random.default_rng(seed)
    return np.kron(rng.integers(0, CLASSES, (4, 5)), np.ones((5, 5), int))[: SHAPE[0], : SHAPE[1]]


def pair(seed):
    truth = blotches(seed).astype(np.uint8)
    labels = np.roll(truth, 1, axis=seed % 2)
    labels[:4, :4] = CLASSES  # background is answered there
    truth[-3:, -5:] = 255
    return truth, labels


def band_by_hand(mask, width):
    """In the mask, and something else (or nothing) within `width` in both axes."""
    height, across = mask.shape
    found = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        for v in range(y - width, y + width + 1):
            for u in range(x - width, x + width + 1):
                if not (0 <= v < height and 0 <= u < across) or not mask[v, u]:
                    found[y, x] = True
    return found


def edge_by_hand(mask):
    found = np.zeros_like(mask)
    for y, x in np.argwhere(mask):
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < mask.shape[0] and 0 <= u < mask.shape[1] and not mask[v, u]:
                found[y, x] = True
    return found


@pytest.mark.parametrize("width", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_bands_and_edges(seed, width):
    mask = blotches(seed) == 1
    np.testing.assert_array_equal(inner_band(mask, width=width), band_by_hand(mask, width))
    np.testing.assert_array_equal(edge(mask), edge_by_hand(mask))


@pytest.mark.parametrize("width", [1, 3])
def test_thick_edges_are_those_of_scikit_image(width):
    labels = pair(4)[0]
    expected = find_boundaries(labels, mode="thick")
    if width > 1:
        expected = binary_dilation(expected, np.ones((2 * width - 1, 2 * width - 1)))
    np.testing.assert_array_equal(grown(lines_between(labels), width=width), expected)
    assert 0 < expected.mean() < 1


def scored(pairs, **options):
    images = [ScoredImage(classes=CLASSES, truth=t, labels=labels) for t, labels in pairs]
    return scores_of(BoundaryScorer(CLASSES, **options), images)


def test_boundary_iou_by_hand():
    pairs = [pair(seed) for seed in range(3)]
    shared = np.zeros((CLASSES, 2))
    for truth, labels in pairs:
        valid = truth != 255
        for index in range(CLASSES):
            bands = [band_by_hand(m == index, 2) & valid for m in (truth, labels)]
            shared[index] += (bands[0] & bands[1]).sum(), (bands[0] | bands[1]).sum()
    share = 2 / np.hypot(*SHAPE)
    expected = (shared[:, 0] / shared[:, 1]).mean()
    assert scored(pairs, share=share).boundary_iou == pytest.approx(expected)


def distance(point, points):
    return min(np.hypot(*(point - other)) for other in points)


def test_boundary_f_by_hand():
    pairs, tolerances = [pair(seed) for seed in range(2)], (1, 2)
    expected = {tolerance: [] for tolerance in tolerances}
    for truth, labels in pairs:
        valid = truth != 255
        values = {tolerance: [] for tolerance in tolerances}
        for index in range(CLASSES):
            true, found = (np.argwhere(edge_by_hand(m == index) & valid) for m in (truth, labels))
            for tolerance in tolerances:
                precision = np.mean([distance(p, true) <= tolerance for p in found])
                recall = np.mean([distance(p, found) <= tolerance for p in true])
                values[tolerance].append(2 * precision * recall / (precision + recall))
        for tolerance in tolerances:
            expected[tolerance].append(np.mean(values[tolerance]))
    found = scored(pairs, tolerances=tolerances).boundary_f
    assert found == {t: pytest.approx(np.mean(v)) for t, v in expected.items()}


def test_trimaps_by_hand():
    truth, labels = pair(1)
    lines = np.zeros(SHAPE, bool)
    for y, x in np.ndindex(SHAPE):
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if 0 <= v < SHAPE[0] and 0 <= u < SHAPE[1] and truth[v, u] != truth[y, x]:
                lines[y, x] = True
    points = np.argwhere(lines)
    near = np.array(
        [[distance(np.array([y, x]), points) < 3 for x in range(SHAPE[1])] for y in range(SHAPE[0])]
    ) & (truth != 255)
    iou = []
    for index in range(CLASSES):
        a, b = (truth == index) & near, (labels == index) & near
        iou.append((a & b).sum() / (a | b).sum())
    found = scored([(truth, labels)], distances=(3,)).trimap_miou
    assert found == {3: pytest.approx(np.mean(iou))}


def test_the_truth_itself_is_perfect():
    truth, _ = pair(2)
    found = scored([(truth, np.where(truth == 255, 0, truth))])
    assert found.trimap_miou[1] == 1.0
    assert found.boundary_f[5] > 0.9  # what lies under void makes edges of its own
    assert found.boundary_iou > 0.7


def test_one_flat_image_has_no_edges():
    flat = np.zeros(SHAPE, np.uint8)
    found = scored([(flat, flat)])
    assert found.boundary_f == dict.fromkeys((1, 2, 3, 5))
    assert found.trimap_miou[4] is None
    assert found.boundary_iou == 1.0  # the border of the image counts there
