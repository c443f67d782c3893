"""Scores from probabilities against SciPy and loops."""

import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy

from kerasseg.metrics.uncertainty_scores import (
    entropy,
    uncertainty_scores,
    unknown_scores,
)

CLASSES = 4  # and the background


@pytest.fixture
def probabilities():
    rng = np.random.default_rng(0)
    values = np.exp(rng.normal(0, 3, (6, 7, CLASSES + 1)))
    values[0, 0] = [1, 0, 0, 0, 0]
    return (values / values.sum(axis=-1, keepdims=True)).astype(np.float32)


def test_entropy_is_that_of_scipy(probabilities):
    found = entropy(probabilities)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, scipy_entropy(probabilities, axis=-1), atol=1e-6)
    assert found[0, 0] == 0


def test_without_a_background_nothing_points_at_unknown_things_alone(probabilities):
    assert unknown_scores(probabilities, background_id=None) == {}
    assert unknown_scores(None, background_id=CLASSES) == {}


def test_what_a_model_has_no_probabilities_for_is_left_out(probabilities):
    confidence = probabilities.max(axis=-1)
    asked = {"confidence": confidence, "uncertainty": confidence * 2}
    assert uncertainty_scores(**asked, probabilities=None).keys() == {
        "uncertainty",
        "1 - confidence",
    }
    found = uncertainty_scores(**asked, probabilities=probabilities)
    assert found.keys() == {"uncertainty", "1 - confidence", "entropy"}
    assert all((values >= 0).all() for values in found.values())
    np.testing.assert_array_equal(
        unknown_scores(probabilities, background_id=CLASSES)["p(background)"],
        probabilities[..., CLASSES],
    )


def test_entropy_is_computed_row_by_row_to_the_last_bit():
    rng = np.random.default_rng(1)
    values = rng.dirichlet(np.full(20, 0.1), (50, 37)).astype(np.float32)
    at_once = np.log(np.maximum(values, np.finfo(np.float32).tiny))
    expected = np.maximum(-np.einsum("hwc,hwc->hw", values, at_once), 0.0)
    np.testing.assert_array_equal(entropy(values), expected)
