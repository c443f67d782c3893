"""The one resize against loops in NumPy."""

from fractions import Fraction

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasseg.data.resize import (
    blocks_for,
    resize_bilinear,
    resize_crop,
    resize_image,
    resize_nearest,
)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (2, height, width, 3)).astype(np.uint8)


def bilinear_by_hand(values, size):
    """Half-pixel centres, the edge repeated, in float64. values: (B, H, W, C)."""

    def taps(source, target):
        place = np.maximum((np.arange(target) + 0.5) * source / target - 0.5, 0)
        low = np.minimum(place.astype(int), source - 1)
        return low, np.minimum(low + 1, source - 1), place - low

    top, bottom, down = taps(values.shape[1], size[0])
    left, right, across = taps(values.shape[2], size[1])
    rows = values[:, top] * (1 - down)[:, None, None] + values[:, bottom] * down[:, None, None]
    return rows[:, :, left] * (1 - across)[:, None] + rows[:, :, right] * across[:, None]


def blocks_by_hand(values, rows, columns):
    """Mean of each block; one that hangs over the edge repeats the last pixel."""
    height, width = values.shape[1:3]
    down, across = -(-height // rows), -(-width // columns)
    result = np.empty((values.shape[0], down, across, values.shape[3]))
    for y, x in np.ndindex(down, across):
        ys = np.minimum(np.arange(y * rows, (y + 1) * rows), height - 1)
        xs = np.minimum(np.arange(x * columns, (x + 1) * columns), width - 1)
        result[:, y, x] = np.round(values[:, ys][:, :, xs].mean(axis=(1, 2)))
    return result


def exactly_by_hand(values, size):
    """Like `bilinear_by_hand`, with fractions instead of floats and weights in 256ths."""

    def taps(source, target):
        for i in range(target):
            place = Fraction((2 * i + 1) * source, 2 * target) - Fraction(1, 2)
            place = min(max(place, Fraction(0)), Fraction(source - 1))
            low = int(place)
            yield low, min(low + 1, source - 1), int((place - low) * 256 + Fraction(1, 2))

    result = np.empty((values.shape[0], *size, values.shape[3]))
    for y, (top, bottom, down) in enumerate(taps(values.shape[1], size[0])):
        row = values[:, top] * (256 - down) + values[:, bottom] * down
        for x, (left, right, across) in enumerate(taps(values.shape[2], size[1])):
            result[:, y, x] = row[:, left] * (256 - across) + row[:, right] * across
    return np.round(result / 65536)


def test_at_one_half_it_is_the_mean_of_four_rounded_half_to_even():
    images = noise(12, 20)
    mean = images.reshape(2, 6, 2, 10, 2, 3).astype(np.float64).mean(axis=(2, 4))
    assert (mean % 1 == 0.5).any()
    np.testing.assert_array_equal(resize_image(images, (6, 10), blocks=(1, 1)), np.round(mean))


@settings(max_examples=25)
@given(source=st.tuples(*[st.integers(1, 24)] * 2), target=st.tuples(*[st.integers(1, 30)] * 2))
def test_bilinear_has_half_pixel_centres_and_no_antialias(source, target):
    values = noise(*source).astype(np.float32)
    expected = bilinear_by_hand(values.astype(np.float64), target)
    np.testing.assert_allclose(resize_bilinear(values, target), expected, atol=1e-3)


@settings(max_examples=25)
@given(source=st.tuples(*[st.integers(1, 40)] * 2), target=st.tuples(*[st.integers(1, 9)] * 2))
def test_below_one_half_whole_blocks_are_averaged_first(source, target):
    images = noise(*source)
    blocks = tuple(blocks_for(s, t) for s, t in zip(source, target, strict=True))
    expected = bilinear_by_hand(blocks_by_hand(images.astype(np.float64), *blocks), target)
    found = resize_image(images, target, blocks=blocks).numpy()
    # Two weights, each off by at most 1/512, and the rounding.
    assert np.abs(found - expected).max() <= 0.5 + 2 * 255 / 512
    averaged = blocks_by_hand(images.astype(np.float64), *blocks).astype(np.int64)
    np.testing.assert_array_equal(found, exactly_by_hand(averaged, target))


@given(source=st.integers(1, 9000), target=st.integers(1, 9000))
def test_the_block_is_the_smallest_that_leaves_at_least_one_half(source, target):
    block = blocks_for(source, target)
    assert target / (source / block) >= 0.5
    assert block == 1 or target / (source / (block - 1)) < 0.5


@pytest.mark.parametrize("size", [(11, 7), (12, 8), (1, 1)])
def test_blocks_as_numbers_and_as_tensors_do_the_same(size):
    images = noise(37, 29)
    numbers = tuple(blocks_for(s, t) for s, t in zip((37, 29), size, strict=True))
    tensors = tuple(tf.constant(block) for block in numbers)
    np.testing.assert_array_equal(
        resize_image(images, size, blocks=numbers), resize_image(images, size, blocks=tensors)
    )


def test_a_side_as_long_as_the_places_have_room_for():
    images = np.tile(np.arange(256, dtype=np.uint8), 128)[None, None, 1:, None]
    found = resize_image(images, (1, 32766), blocks=(1, 1)).numpy()
    expected = exactly_by_hand(images[:, :, -1000:].astype(np.int64), (1, 1000))
    np.testing.assert_array_equal(found[0, 0, -1, 0], expected[0, 0, -1, 0])
    assert found.min() == 0
    assert found.max() == 255


def test_the_size_itself_changes_nothing():
    images = noise(9, 14)
    np.testing.assert_array_equal(resize_image(images, (9, 14), blocks=(1, 1)), images)


# The first three have weights in whole 256ths, the others do not, the last two average blocks.
SIZES = [
    ((640, 1280), (512, 1024)),
    ((48, 96), (32, 64)),
    ((24, 56), (12, 28)),
    ((154, 307), (128, 256)),
    ((270, 361), (180, 240)),
    ((37, 29), (11, 7)),
    ((64, 96), (8, 8)),
]


@pytest.mark.parametrize(("source", "target"), SIZES)
def test_a_crop_is_resized_as_an_image_is(source, target):
    (image, _) = noise(*source)
    blocks = tuple(blocks_for(s, t) for s, t in zip(source, target, strict=True))
    expected = resize_image(image[None], target, blocks=blocks)[0]
    found = resize_crop(image, target)
    assert found.dtype == tf.uint8
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=60)
@given(
    source=st.tuples(*[st.integers(1, 60)] * 2),
    target=st.tuples(*[st.sampled_from([1, 2, 8, 12, 16, 32, 37, 64, 128])] * 2),
)
def test_a_crop_of_any_size_is_resized_as_an_image_is(source, target):
    (image, _) = noise(*source, seed=1)
    blocks = tuple(blocks_for(s, t) for s, t in zip(source, target, strict=True))
    expected = resize_image(image[None], target, blocks=blocks)[0]
    np.testing.assert_array_equal(resize_crop(image, target), expected)


@pytest.mark.parametrize("side", [8190, 8191, 8192])
def test_a_crop_of_the_longest_side_is_resized_as_an_image_is(side):
    (image, _) = noise(2, side)
    expected = resize_image(image[None], (1, 8192), blocks=(1, 1))[0]
    np.testing.assert_array_equal(resize_crop(image, (1, 8192)), expected)


@given(source=st.tuples(*[st.integers(1, 40)] * 2), target=st.tuples(*[st.integers(1, 60)] * 2))
def test_nearest_is_the_pixel_that_holds_the_centre(source, target):
    values = np.random.default_rng(0).integers(0, 256, source, np.uint8)
    found = resize_nearest(values, target)
    y, x = (
        [int(Fraction(2 * i + 1, 2) * Fraction(s, t)) for i in range(t)]
        for s, t in zip(source, target, strict=True)
    )
    np.testing.assert_array_equal(found, values[np.ix_(y, x)])
