import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.drawing.overlay import PAPER, draw_legend, overlay
from kerasseg.labels import camvid_labels, cityscapes_labels


@given(st.integers(0, 255), st.integers(0, 255), st.floats(0, 1))
def test_overlay_is_the_weighted_mean(a, b, alpha):
    mixed = overlay(np.full((2, 3, 3), a, np.uint8), np.full((2, 3, 3), b, np.uint8), alpha=alpha)
    assert mixed.shape == (2, 3, 3)
    assert mixed.dtype == np.uint8
    assert np.abs(mixed.astype(float) - ((1 - alpha) * a + alpha * b)).max() <= 0.501


def test_the_ends_of_alpha_are_exact():
    rng = np.random.default_rng(0)
    image, colors = rng.integers(0, 256, (2, 8, 9, 3), np.uint8)
    np.testing.assert_array_equal(overlay(image, colors, alpha=0.0), image)
    np.testing.assert_array_equal(overlay(image, colors, alpha=1.0), colors)


@pytest.mark.parametrize("width", [120, 500, 1300])
def test_the_legend_shows_every_colour_and_fits(width):
    for labels in (cityscapes_labels(void="background"), camvid_labels(void="ignore")):
        legend = draw_legend(labels, width)
        assert legend.mode == "RGB"
        assert legend.width == width
        shown = {color for _, color in legend.getcolors(legend.width * legend.height)}
        assert {*labels.palette, labels.void_color} <= shown


def test_the_legend_leaves_room_at_the_right():
    legend = np.asarray(draw_legend(cityscapes_labels(void="background"), 700))
    assert (legend[:, -4:] == PAPER).all()


def test_a_wide_legend_is_lower():
    labels = cityscapes_labels(void="background")
    heights = [draw_legend(labels, width).height for width in (120, 400, 900, 5000)]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > heights[1] > heights[2] > heights[3]
