"""Errors found by uncertainty scores, against scikit-learn on all pixels at once."""

import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from kerasseg.metrics.error_detection import ErrorDetectionScorer, ErrorDetectionScores
from tests.metrics.uncertain_images import joined, scores_of, uncertain_image


def test_errors_are_looked_for_on_evaluated_pixels():
    images = [uncertain_image(seed) for seed in range(3)]
    found = scores_of(ErrorDetectionScorer(), images).by_score
    assert found.keys() == {"uncertainty", "1 - confidence"}
    valid = joined(image.truth != 255 for image in images)
    wrong = joined(image.labels != image.truth for image in images)[valid]
    for name, ranking in found.items():
        values = joined(image.uncertainty_scores[name] for image in images)[valid]
        assert ranking.auroc == pytest.approx(roc_auc_score(wrong, values), abs=1e-3)
        expected = average_precision_score(wrong, values)
        assert ranking.average_precision == pytest.approx(expected, abs=1e-3)
        area = ranking.generalized_risk_coverage_area
        chance = (1 - ranking.auroc) * wrong.mean() * (1 - wrong.mean())
        assert area == pytest.approx(chance + wrong.mean() ** 2 / 2, abs=1e-9)
        assert (ranking.curve.coverage[-1], ranking.curve.risk[-1]) == (1, wrong.mean())


def test_files_from_before_the_generalized_risk_are_read():
    found = scores_of(ErrorDetectionScorer(), [uncertain_image(0)])
    data = found.to_json()
    for entry in data["errors"].values():
        del entry["generalized_risk_coverage_area"]
    read = ErrorDetectionScores.from_json(data)
    assert read.by_score["uncertainty"].generalized_risk_coverage_area is None
    assert read.by_score["uncertainty"].auroc == found.by_score["uncertainty"].auroc
