"""Scores against scikit-learn, which sees the pixels and never the matrix."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from kerasseg.metrics.confusion import ConfusionMatrix

CLASSES = 4
VOID = 255
BACKGROUND = CLASSES


@st.composite
def image(draw):
    """(truth with void, prediction with background), uint8 (H, W); some classes never occur."""
    shape = (draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    present = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, unique=True))
    truth = rng.choice([*present, VOID], shape).astype(np.uint8)
    prediction = rng.choice([*present, BACKGROUND], shape).astype(np.uint8)
    return truth, np.where(rng.random(shape) < 0.6, np.minimum(truth, BACKGROUND), prediction)


IMAGES = st.lists(image(), min_size=1, max_size=4)


def matrix_of(images):
    matrix = ConfusionMatrix(CLASSES)
    for truth, prediction in images:
        matrix.add(truth, prediction)
    return matrix


def pixels(images):
    """(truth, prediction) of all pixels with void as index C."""
    truth = np.concatenate([np.where(t == VOID, CLASSES, t).ravel() for t, _ in images])
    return truth, np.concatenate([p.ravel() for _, p in images])


@given(images=IMAGES)
def test_the_counts_are_those_of_scikit_learn(images):
    expected = sk.confusion_matrix(*pixels(images), labels=range(CLASSES + 1))
    matrix = matrix_of(images)
    assert matrix.counts.dtype == np.int64
    np.testing.assert_array_equal(matrix.counts, expected)


@settings(max_examples=50)
@given(images=IMAGES)
def test_iou_and_pixel_accuracy_are_those_of_the_pixels_that_are_not_void(images):
    truth, prediction = pixels(images)
    valid = truth != CLASSES
    truth, prediction = truth[valid], prediction[valid]
    matrix = matrix_of(images)
    if not len(truth):
        assert np.isnan(matrix.miou)
        assert np.isnan(matrix.pixel_accuracy)
        return
    occurs = [c for c in range(CLASSES) if (truth == c).any() or (prediction == c).any()]
    # Background counts as a miss of the true class, and is itself no class to average over.
    expected = sk.jaccard_score(truth, prediction, labels=occurs, average=None, zero_division=0)
    np.testing.assert_allclose(matrix.iou[occurs], expected, rtol=1e-12)
    absent = sorted(set(range(CLASSES)) - set(occurs))
    assert np.isnan(matrix.iou[absent]).all()
    assert matrix.miou == pytest.approx(expected.mean(), rel=1e-12)
    assert matrix.pixel_accuracy == pytest.approx(sk.accuracy_score(truth, prediction), rel=1e-12)


@given(images=IMAGES)
def test_image_accuracy_is_the_mean_over_images_with_void_as_a_class(images):
    expected = np.mean([sk.accuracy_score(*pixels([one])) for one in images])
    assert matrix_of(images).image_accuracy == pytest.approx(expected, rel=1e-12)


def test_void_in_the_prediction_is_the_background():
    truth = np.array([[0, 1, VOID]], np.uint8)
    with_void = matrix_of([(truth, np.array([[VOID, 1, VOID]], np.uint8))])
    with_background = matrix_of([(truth, np.array([[BACKGROUND, 1, BACKGROUND]], np.uint8))])
    np.testing.assert_array_equal(with_void.counts, with_background.counts)
    assert with_void.iou[0] == 0.0
    assert with_void.iou[1] == 1.0
    assert with_void.miou == 0.5


def test_what_is_predicted_on_void_costs_nothing():
    truth = np.array([[0, 0, VOID, VOID]], np.uint8)
    matrix = matrix_of([(truth, np.array([[0, 0, 0, 3]], np.uint8))])
    assert matrix.miou == 1.0
    assert matrix.pixel_accuracy == 1.0
    assert matrix.image_accuracy == 0.5


def test_counts_beyond_what_float32_holds_are_exact():
    matrix = ConfusionMatrix(CLASSES)
    matrix.counts[0, 0] = 2**24
    matrix.add(np.zeros((1, 1), np.uint8), np.zeros((1, 1), np.uint8))
    assert matrix.counts[0, 0] == 2**24 + 1


def test_the_largest_set_of_classes_fits():
    matrix = ConfusionMatrix(253)
    values = np.array([[0, 252, 253, 255]], np.uint8)
    matrix.add(values, values)
    assert matrix.counts.sum() == 4
    assert matrix.counts[253, 253] == 2


@given(images=IMAGES)
def test_matrices_of_images_add_up(images):
    merged, alone = ConfusionMatrix(CLASSES), ConfusionMatrix(CLASSES)
    for truth, prediction in images:
        merged.merge(alone.add(truth, prediction))
    np.testing.assert_array_equal(merged.counts, alone.counts)
    assert merged.image_accuracies == alone.image_accuracies


def test_without_a_pixel_to_score_everything_is_not_a_number_and_nothing_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        empty = ConfusionMatrix(1)
        assert all(map(np.isnan, (empty.miou, empty.pixel_accuracy, empty.image_accuracy)))
