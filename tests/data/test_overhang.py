"""Crops that reach beyond the image, against NumPy's reflecting pad."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.overhang import plan_crop
from kerasseg.data.pipeline import crop_box
from kerasseg.labels import OUTSIDE

sides = st.integers(1, 12)


@given(
    size=st.tuples(sides, sides),
    corner=st.tuples(st.integers(-20, 20), st.integers(-20, 20)),
    crop=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_any_box_is_mirrored_and_marked(size, corner, crop):
    image = np.arange(np.prod(size) * 3).reshape(*size, 3).astype(np.uint8)
    label = (np.arange(np.prod(size)).reshape(size) % 11).astype(np.uint8)
    plan = plan_crop(tf.constant([*corner, *crop]), tf.constant(size))
    top, left, height, width = plan.inner.numpy()
    assert 0 <= top <= top + height <= size[0]
    assert 0 <= left <= left + width <= size[1]
    part = (slice(top, top + height), slice(left, left + width))
    found_image, found_label = plan.complete(image[part], label[part])
    margin = 60
    pads = ((margin, margin), (margin, margin))
    around = [slice(margin + c, margin + c + n) for c, n in zip(corner, crop, strict=True)]
    mode = {"mode": "reflect"}
    expected = np.pad(image, (*pads, (0, 0)), **mode)[tuple(around)]
    np.testing.assert_array_equal(found_image, expected)
    inside = np.pad(np.ones(size, bool), pads)[tuple(around)]
    expected = np.where(inside, np.pad(label, pads, **mode)[tuple(around)], OUTSIDE)
    np.testing.assert_array_equal(found_label, expected)


@tf.function
def boxes_of(size, frame, keys):
    return tf.map_fn(
        lambda key: crop_box(size, scale=tf.constant(0.5, tf.float64), key=key, frame=frame), keys
    )


def test_a_crop_longer_than_the_image_holds_it_anywhere_with_the_same_probability():
    keys = tf.stack([tf.zeros(3000, tf.int32), tf.range(3000)], axis=1)
    found = boxes_of(tf.constant([9, 3]), tf.constant([10.0, 14.0], tf.float64), keys).numpy()
    assert (found[:, 2:] == (5, 7)).all()
    for column, places in ((0, range(5)), (1, range(-4, 1))):
        values, counts = np.unique(found[:, column], return_counts=True)
        assert values.tolist() == list(places)
        # Five standard deviations of a binomial count.
        assert np.abs(counts - 600).max() < 5 * np.sqrt(600)


@given(st.tuples(sides, sides), st.floats(0.01, 4), st.integers(0, 2**31 - 1))
def test_a_crop_lies_within_the_image_or_holds_it(size, scale, seed):
    box = crop_box(tf.constant(size), scale=tf.constant(scale, tf.float64), key=[seed, 1])
    for start, crop, side in zip(box.numpy()[:2], box.numpy()[2:], size, strict=True):
        assert crop == max(1, round(side * scale))
        assert 0 <= start <= side - crop or side - crop <= start <= 0


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_a_side_of_one_pixel_is_repeated(size):
    image = np.full((*size, 3), 7, np.uint8)
    plan = plan_crop(tf.constant([-3, -3, 9, 9]), tf.constant(size))
    found, label = plan.complete(image, np.zeros(size, np.uint8))
    assert (found.numpy() == 7).all()
    assert (label.numpy() == OUTSIDE).sum() == 81 - np.prod(size)
