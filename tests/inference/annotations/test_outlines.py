"""Label maps to polygons and back, painted by pycocotools."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from kerasseg.inference.annotations.outlines import outlines, without_specks

UNPAINTED = 77
maps = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 3))


def paint(found, shape):
    mask = pytest.importorskip("pycocotools.mask")
    label = np.full(shape, UNPAINTED, np.uint8)
    for outline in found:
        rle = mask.frPyObjects([outline.points.ravel().tolist()], *shape)
        label[mask.decode(rle)[..., 0] > 0] = outline.label
    return label


@given(maps)
def test_without_tolerance_nothing_is_lost(labels):
    np.testing.assert_array_equal(paint(outlines(labels, tolerance=0), labels.shape), labels)


@given(maps)
def test_a_region_is_what_hangs_together(labels):
    regions = sum(ndimage.label(labels == value)[1] for value in range(4))
    found = outlines(labels, tolerance=0)
    assert len(found) == regions
    areas = [outline.area for outline in found]
    assert areas == sorted(areas, reverse=True)


def blobs(seed, size=(90, 120)):
    """Smooth regions of four labels, as a net predicts them."""
    rng = np.random.default_rng(seed)
    noise = [ndimage.gaussian_filter(rng.normal(size=size), 6) for _ in range(4)]
    return np.argmax(noise, axis=0).astype(np.uint8)


@pytest.mark.parametrize("tolerance", [1.0, 3.0])
def test_no_gap_opens_and_only_what_is_near_a_border_changes(tolerance):
    labels = without_specks(blobs(1), 16)
    found = outlines(labels, tolerance=tolerance, smallest=16)
    label = paint(found, labels.shape)
    assert not (label == UNPAINTED).any()
    border = ndimage.maximum_filter(labels, 3) != ndimage.minimum_filter(labels, 3)
    distance = ndimage.distance_transform_edt(~border)
    assert distance[label != labels].max(initial=0) <= tolerance + 1
    exact = outlines(labels, tolerance=0)
    assert sum(len(o.points) for o in found) < sum(len(o.points) for o in exact) / 2


def test_what_lies_in_a_hole_is_painted_later():
    labels = np.zeros((9, 9), np.uint8)
    labels[2:7, 2:7] = 1
    labels[4, 4] = 0
    outer, ring, core = outlines(labels, tolerance=0)
    assert [(o.label, o.area) for o in (outer, ring, core)] == [(0, 81), (1, 25), (0, 1)]
    np.testing.assert_array_equal(ring.points.min(axis=0), [2, 2])
    np.testing.assert_array_equal(ring.points.max(axis=0), [7, 7])


def test_specks_take_the_label_around_them():
    labels = np.zeros((9, 9), np.uint8)
    labels[:, 5:] = 1
    labels[1, 1] = labels[8, 8] = 2
    labels[4, 4:6] = 3
    cleaned = without_specks(labels, 3)
    expected = np.zeros((9, 9), np.uint8)
    expected[:, 5:] = 1
    np.testing.assert_array_equal(cleaned, expected)
    np.testing.assert_array_equal(without_specks(labels, 2)[4, 4:6], [3, 3])
    np.testing.assert_array_equal(without_specks(labels[:1, :1], 9), labels[:1, :1])
