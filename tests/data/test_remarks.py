"""What is said of the shape of images beside the working size."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.remarks import other_shape


def images(*sizes):
    """Facts of images of (height, width)."""
    return [SimpleNamespace(height=height, width=width) for height, width in sizes]


@pytest.mark.parametrize(
    ("sizes", "working", "said"),
    [
        ([(360, 480)] * 3, (256, 512), "stretches images of 480 x 360 pixels; [320, 416]"),
        ([(1920, 1080)] * 2, (256, 512), "stretches images of 1080 x 1920 pixels; [480, 256]"),
        ([(360, 480), (720, 960), (100, 900)], (256, 512), "pads most images; [320, 416]"),
        ([(8, 900)], (32, 32), "stretches images of 900 x 8 pixels; [32, 352]"),
    ],
)
def test_another_shape_is_told_with_a_size_that_fits(sizes, working, said):
    (remark,) = other_shape(images(*sizes), working)
    assert remark == (
        f"data.image_size: {list(working)} (height, width) {said} has their shape, for about as "
        "many pixels"
    )


@pytest.mark.parametrize("size", [(360, 480), (1024, 2048), (340, 512)])
def test_about_the_same_shape_is_not(size):
    working = {480: (288, 384), 2048: (512, 1024), 512: (288, 384)}[size[1]]
    assert other_shape(images(size), working) == []


SIDES = st.integers(200, 4000)


@given(SIDES, SIDES, st.integers(200, 2000), st.integers(200, 2000))
def test_what_is_suggested_is_not_remarked_upon(height, width, down, across):
    if not 1 / 4 < height / width < 4:
        return
    for remark in other_shape(images((height, width)), (down, across)):
        better = remark.partition("; [")[2].partition("]")[0].split(", ")
        first, second = map(int, better)
        assert first % 32 == second % 32 == 0
        assert other_shape(images((height, width)), (first, second)) == []
        assert 0.6 < first * second / (down * across) < 1.6
