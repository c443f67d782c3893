"""Calibration error against a loop over pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation
from skimage.segmentation import find_boundaries
from sklearn.calibration import calibration_curve

from kerasseg.metrics.calibration import CalibrationScorer, Reliability, ReliabilityCurve
from tests.metrics.uncertain_images import joined, scores_of, uncertain_image


def by_hand(confidence, right, bins):
    """Guo et al. 2017, equation 5, one bin after the other."""
    error = 0.0
    for i in range(bins):
        inside = [
            k for k, c in enumerate(confidence) if i / bins < c <= (i + 1) / bins or (i == 0 == c)
        ]
        if inside:
            mean = sum(float(confidence[k]) for k in inside) / len(inside)
            accuracy = sum(bool(right[k]) for k in inside) / len(inside)
            error += len(inside) / len(confidence) * abs(mean - accuracy)
    return error


@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_the_error_is_that_of_a_loop(bins, seed):
    rng = np.random.default_rng(seed)
    confidence = rng.random(60)
    right = rng.random(60) < confidence**2
    reliability = Reliability(bins)
    for part in (slice(0, 25), slice(25, 60)):
        reliability.add(confidence[part], right[part])
    assert reliability.error == pytest.approx(by_hand(confidence, right, bins), abs=1e-12)


def test_the_curve_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    confidence = rng.random(5000)
    right = rng.random(5000) < confidence
    reliability = Reliability()
    reliability.add(confidence, right)
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    found_mean, found_accuracy = reliability.curve
    np.testing.assert_allclose(found_mean, mean)
    np.testing.assert_allclose(found_accuracy, accuracy)
    assert reliability.error < 0.03  # it was drawn calibrated


def test_what_is_written_gives_the_error_again():
    rng = np.random.default_rng(3)
    reliability = Reliability()
    reliability.add(0.5 + rng.random(500) / 2, rng.random(500) < 0.7)
    written = ReliabilityCurve.of(reliability).to_json()
    found = {name: np.array(values) for name, values in written.items()}
    assert len(found["pixels"]) < 15  # bins without pixels are left out
    gaps = np.abs(found["confidence"] - found["accuracy"])
    assert (gaps * found["pixels"]).sum() / 500 == pytest.approx(reliability.error)


def test_the_ends_belong_to_the_outer_bins():
    reliability = Reliability(4)
    reliability.add(np.array([0.0, 0.25, 0.26, 1.0]), np.array([True, True, False, True]))
    np.testing.assert_array_equal(reliability.pixels, [2, 1, 0, 1])


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_confidence_is_refused(bad):
    with pytest.raises(ValueError, match="outside"):
        Reliability().add(np.array([0.5, bad]), np.array([True, True]))


def test_no_pixels_no_error():
    assert np.isnan(Reliability().error)


def test_calibration_everywhere_and_near_edges():
    images = [uncertain_image(seed) for seed in range(3)]
    found = scores_of(CalibrationScorer(), images)
    confidence = joined(image.confidence for image in images)
    right = joined(image.labels == image.truth for image in images)
    valid = joined(image.truth != 255 for image in images)
    edges = joined(
        binary_dilation(find_boundaries(image.truth, mode="thick"), np.ones((5, 5)))
        for image in images
    )
    near = edges & valid
    assert 0 < near.sum() < valid.sum()
    assert found.error == pytest.approx(by_hand(confidence[valid], right[valid], 15), abs=1e-9)
    assert found.edge_error == pytest.approx(by_hand(confidence[near], right[near], 15), abs=1e-9)
    assert sum(found.curve.pixels) == valid.sum()
    assert sum(found.edge_curve.pixels) == near.sum()
