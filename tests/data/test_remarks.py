"""What is said of the shape of images beside the working size."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.remarks import other_shape


def images(*sizes):
    """Facts of images of (height, width)."""
    return [SimpleNamespace(height=height, width=width) for height, width in sizes]


def suggested(remark):
    """(height, width), None if there is none."""
    text = remark.partition("; [")[2].partition("]")[0]
    return tuple(map(int, text.split(", "))) if text else None


@pytest.mark.parametrize(
    ("sizes", "stretched", "said"),
    [
        ([(360, 480)] * 3, True, "stretches images of 480 x 360 pixels; [320, 416], "),
        ([(1920, 1080)] * 2, True, "stretches images of 1080 x 1920 pixels; [480, 256], "),
        ([(360, 480)] * 3, False, "pads most images; [320, 416], "),
        ([(360, 480), (720, 960), (100, 900)], False, "pads most images; [320, 416], "),
    ],
)
def test_another_shape_is_told_with_a_size_that_fits(sizes, stretched, said):
    (remark,) = other_shape(images(*sizes), (256, 512), stretched=stretched)
    assert remark == (
        f"data.image_size: [256, 512] (height, width) {said}about as many pixels, has their shape"
    )


def test_where_no_size_would_do_none_is_suggested():
    (remark,) = other_shape(images((8, 900)), (32, 32), stretched=True)
    assert remark.endswith("stretches images of 900 x 8 pixels")


@pytest.mark.parametrize("size", [(360, 480), (1024, 2048), (340, 512)])
def test_about_the_same_shape_is_not(size):
    working = {480: (288, 384), 2048: (512, 1024), 512: (288, 384)}[size[1]]
    assert other_shape(images(size), working, stretched=True) == []


SIDES, WORKING = st.integers(1, 4000), st.integers(8, 2000)


@given(SIDES, SIDES, WORKING, WORKING)
def test_what_is_suggested_is_not_remarked_upon(height, width, down, across):
    for remark in other_shape(images((height, width)), (down, across), stretched=True):
        better = suggested(remark)
        if better is None:
            continue
        assert better[0] % 32 == better[1] % 32 == 0
        assert other_shape(images((height, width)), better, stretched=True) == []
        assert 0.6 < better[0] * better[1] / (down * across) < 1.6


@given(st.integers(200, 4000), st.integers(200, 4000), st.integers(200, 800), st.integers(200, 800))
def test_there_is_one_for_usual_sizes(height, width, down, across):
    if 1 / 4 < height / width < 4:
        for remark in other_shape(images((height, width)), (down, across), stretched=True):
            assert suggested(remark) is not None
