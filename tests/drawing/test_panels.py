"""Panels: the four pictures are where they should be and show what they were given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.drawing.panels import heat_map, panel
from kerasseg.labels import camvid_labels

LABELS = camvid_labels(void="background")
TILE, GAP, CAPTION = 480, 8, 26


def tile(picture, number, height):
    """The tile of that number, without the caption above it."""
    left = GAP + number * (TILE + GAP)
    return picture[CAPTION : CAPTION + height, left : left + TILE]


@pytest.fixture(scope="module")
def parts():
    """An image, prediction and target of 48 x 64, and an uncertainty that grows to the right."""
    image = np.full((48, 64, 3), (10, 200, 30), np.uint8)
    prediction = np.repeat(np.arange(8, dtype=np.uint8), 8)[None].repeat(48, axis=0)
    target = np.where(prediction == 3, 255, prediction[:, ::-1]).astype(np.uint8)
    uncertainty = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(48, axis=0)
    return image, prediction, target, uncertainty


@pytest.fixture(scope="module")
def picture(parts):
    return panel(*parts, label_set=LABELS)


def test_the_four_stand_side_by_side_with_room_for_a_legend(picture):
    assert picture.dtype == np.uint8
    height, width, channels = picture.shape
    assert (width, channels) == (4 * (TILE + GAP) + GAP, 3)
    assert height > CAPTION + 360


def test_each_tile_shows_what_it_was_given(picture, parts):
    image, prediction, target, _ = parts
    zoom = (slice(3, None, 7), slice(3, None, 7))
    assert (tile(picture, 0, 360) == image[0, 0]).all()
    for number, labels in ((1, prediction), (2, target)):
        found = tile(picture, number, 360)[zoom]
        rows = np.arange(3, 360, 7) * 48 // 360
        columns = np.arange(3, 480, 7) * 64 // 480
        labels = labels[rows][:, columns]
        known = labels < LABELS.num_classes
        np.testing.assert_array_equal(found[known], LABELS.colors[labels[known]])
        stripes = (found[~known] == 255).all(axis=-1)
        np.testing.assert_array_equal(
            found[~known][~stripes], LABELS.colors[labels[~known][~stripes]]
        )
        assert number == 1 or 0.1 < stripes.mean() < 0.5


def test_the_uncertainty_gets_lighter_with_its_value(picture):
    row = tile(picture, 3, 360)[180].astype(int).sum(axis=-1)
    assert (np.diff(row[::20]) >= 0).all()
    assert row[-1] > 4 * row[0]


def test_the_legend_has_the_colour_of_every_class(picture):
    legend = picture[CAPTION + 360 :].reshape(-1, 3)
    for color in (*LABELS.palette, LABELS.void_color):
        assert (legend == color).all(axis=-1).sum() >= 12 * 12


def test_captions_are_written(picture):
    for number in range(4):
        left = GAP + number * (TILE + GAP)
        assert picture[:CAPTION, left : left + TILE].min() < 100


def test_background_and_void_look_the_same():
    image = np.zeros((12, 16, 3), np.uint8)
    zeros = np.zeros((12, 16), np.float32)
    void = np.full((12, 16), 255, np.uint8)
    background = np.full((12, 16), LABELS.background_id, np.uint8)
    picture = panel(image, background, void, zeros, label_set=LABELS)
    np.testing.assert_array_equal(tile(picture, 1, 360), tile(picture, 2, 360))


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (100, 3), (720, 1280)])
def test_any_size_can_be_drawn(size):
    labels = np.zeros(size, np.uint8)
    picture = panel(
        np.zeros((*size, 3), np.uint8), labels, labels, np.zeros(size, np.float32), label_set=LABELS
    )
    assert picture.shape[1] == 4 * (TILE + GAP) + GAP


@given(value=st.floats(-1, 2))
def test_the_heat_map_goes_from_dark_to_pale_yellow(value):
    colors = heat_map(np.array([[0.0, value, 1.0]]))
    assert (colors.shape, colors.dtype) == ((1, 3, 3), np.uint8)
    assert tuple(colors[0, 0]) == (10, 8, 30)
    assert tuple(colors[0, 2]) == (252, 255, 190)
    if value >= 1:
        assert tuple(colors[0, 1]) == (252, 255, 190)
    if value <= 0:
        assert tuple(colors[0, 1]) == (10, 8, 30)
