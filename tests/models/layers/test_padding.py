"""Against np.pad(mode="reflect") where that is defined; and one pixel, where it is not."""

from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.models.layers.padding import CropLike, PadToMultiple, ReflectPad, mirrored_indices

SIDE = st.integers(1, 20)


def image(height, width):
    values = np.arange(2 * height * width * 2, dtype=np.float32)
    return values.reshape(2, height, width, 2)


@cache
def graph_of(layer):
    """The layer with height and width unknown, as in serving; training knows them."""
    return tf.function(layer, input_signature=[tf.TensorSpec([None, None, None, 2], tf.float32)])


def in_graph(layer, values):
    return graph_of(layer)(values).numpy()


REFLECT_PADS = {copies: ReflectPad(copies=copies) for copies in (False, True)}


@given(size=st.integers(1, 30), after=st.integers(0, 70))
def test_the_indices_are_those_of_numpy_for_any_pad(size, after):
    # NumPy mirrors again and again where the pad is longer than the side; of one pixel, it too
    # repeats that pixel.
    expected = np.pad(np.arange(size), (0, after), mode="reflect")
    np.testing.assert_array_equal(mirrored_indices(size, after=after), expected)


@given(height=st.integers(2, 20), width=st.integers(2, 20), copies=st.booleans())
def test_reflect_pad_of_two_pixels_or_more_is_numpys(height, width, copies):
    values = image(height, width)
    expected = np.pad(values, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")
    np.testing.assert_array_equal(in_graph(REFLECT_PADS[copies], values), expected)


@given(height=SIDE, width=SIDE, multiple=st.sampled_from([1, 2, 8, 16]), least=st.integers(0, 3))
def test_pad_to_multiple_is_numpys_and_crop_like_undoes_it(height, width, multiple, least):
    values = image(height, width)
    extra = [max(-size % multiple, least * multiple - size) for size in (height, width)]
    pads = [(0, 0), (0, extra[0]), (0, extra[1]), (0, 0)]
    padded = PadToMultiple(multiple, least=least * multiple)(values)
    np.testing.assert_array_equal(padded, np.pad(values, pads, mode="reflect"))
    np.testing.assert_array_equal(CropLike()([padded, values]), values)


def test_one_pixel_is_repeated():
    values = np.full((1, 1, 1, 1), 7.0, np.float32)
    np.testing.assert_array_equal(PadToMultiple(4)(values), np.full((1, 4, 4, 1), 7.0))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 2), (16, 16)])
@pytest.mark.parametrize(
    "layer", [PadToMultiple(16), PadToMultiple(8, least=16)], ids=["multiple", "least"]
)
def test_the_answer_is_the_same_where_the_size_is_unknown(layer, size):
    values = image(*size)
    np.testing.assert_array_equal(in_graph(layer, values), layer(values))


@pytest.mark.parametrize("size", [(5, 9), (16, 16), (None, 12)])
def test_the_announced_shape_is_the_shape_that_comes(size):
    height, width = size
    values = image(height or 3, width)
    for layer in (ReflectPad(), PadToMultiple(8), PadToMultiple(4, least=16)):
        announced = layer.compute_output_shape((None, height, width, 2))
        came = layer(values).shape
        wanted = [a for a in announced[1:3] if a is not None]
        assert wanted == [
            c for c, a in zip(came[1:3], announced[1:3], strict=True) if a is not None
        ]
