"""Against scikit-image's find_boundaries and SciPy's dilation, on labels with void and ground."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.segmentation import find_boundaries as skimage_boundaries

from kerasseg.labels import OUTSIDE
from kerasseg.losses.boundary_weight import boundary_weight, find_boundaries

# 0 is skimage's background, 255 is void and the greatest uint8: both matter in "outer".
LABELS = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12),
    elements=st.sampled_from([0, 1, 2, 18, 254, 255]),
)
MODES = st.sampled_from(["thick", "outer"])


def ours(label, **options):
    return find_boundaries(tf.constant(label[None]), **options)[0].numpy()


def blobs(seed, shape=(40, 56)):
    """Regions of some size, as real labels have."""
    rng = np.random.default_rng(seed)
    coarse = rng.choice([0, 1, 7, 255], size=(shape[0] // 8, shape[1] // 8)).astype(np.uint8)
    return np.kron(coarse, np.ones((8, 8), np.uint8))


@given(label=LABELS, mode=MODES)
def test_it_answers_like_scikit_image(label, mode):
    np.testing.assert_array_equal(ours(label, mode=mode), skimage_boundaries(label, mode=mode))


@given(label=LABELS, mode=MODES, width=st.integers(2, 4))
def test_a_width_above_one_is_a_dilation_by_a_square(label, mode, width):
    square = np.ones((2 * width - 1, 2 * width - 1), bool)
    expected = ndimage.binary_dilation(skimage_boundaries(label, mode=mode), structure=square)
    np.testing.assert_array_equal(ours(label, mode=mode, width=width), expected)


@pytest.mark.parametrize("mode", ["thick", "outer"])
def test_it_answers_the_same_inside_a_graph_of_unknown_size(mode):
    labels = np.stack([blobs(seed) for seed in range(3)])

    @tf.function(input_signature=[tf.TensorSpec([None, None, None], tf.uint8)])
    def graph(label):
        return find_boundaries(label, mode=mode, width=2)

    expected = find_boundaries(tf.constant(labels), mode=mode, width=2)
    np.testing.assert_array_equal(graph(labels), expected)
    assert 0.05 < expected.numpy().mean() < 0.95


def test_images_of_a_batch_do_not_touch():
    labels = np.stack([np.full((4, 4), value, np.uint8) for value in (1, 2)])
    assert not find_boundaries(tf.constant(labels), mode="thick").numpy().any()


def test_the_modes_differ_where_an_object_meets_the_ground():
    label = np.array([[0, 0, 3, 3]], np.uint8)
    np.testing.assert_array_equal(ours(label, mode="thick"), [[0, 1, 1, 0]])
    np.testing.assert_array_equal(ours(label, mode="outer"), [[0, 1, 0, 0]])


def test_the_weight_is_k_there_and_one_elsewhere():
    label = blobs(5)
    weight = boundary_weight(tf.constant(label[None]), k=2.5, mode="outer", width=1)[0]
    expected = np.where(skimage_boundaries(label, mode="outer"), 2.5, 1.0)
    assert weight.dtype == tf.float32
    np.testing.assert_array_equal(weight, expected)


@given(
    label=LABELS,
    mode=MODES,
    width=st.integers(1, 3),
    margins=st.tuples(*[st.integers(0, 4)] * 4),
)
def test_what_lies_outside_the_image_is_as_if_the_array_ended_there(label, mode, width, margins):
    top, bottom, left, right = margins
    padded = np.pad(label, ((top, bottom), (left, right)), constant_values=OUTSIDE)
    found = ours(padded, mode=mode, width=width)
    inside = (slice(top, top + label.shape[0]), slice(left, left + label.shape[1]))
    np.testing.assert_array_equal(found[inside], ours(label, mode=mode, width=width))
