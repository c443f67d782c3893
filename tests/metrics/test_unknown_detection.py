"""Unknown things found by scores, against scikit-learn on all pixels at once."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from kerasseg.metrics.unknown_detection import UnknownDetectionScorer, UnknownDetectionScores
from tests.metrics.uncertain_images import SHAPE, joined, scores_of, uncertain_image


@pytest.fixture(scope="module")
def images():
    return [uncertain_image(seed) for seed in range(3)]


def test_unknown_things_stand_against_evaluated_pixels(images):
    found = scores_of(UnknownDetectionScorer(), images)
    unknown = joined(image.unknown for image in images)
    asked = unknown | joined(image.truth != 255 for image in images)
    assert found.by_score.keys() == {"uncertainty", "1 - confidence", "p(background)"}
    for name, ranking in found.by_score.items():
        values = joined(
            {**image.uncertainty_scores, **image.unknown_scores}[name] for image in images
        )[asked]
        expected = roc_auc_score(unknown[asked], values)
        assert ranking.auroc == pytest.approx(expected, abs=1e-3)
        expected = average_precision_score(unknown[asked], values)
        assert ranking.average_precision == pytest.approx(expected, abs=1e-3)
        alarms, hits, _ = roc_curve(unknown[asked], values)
        assert ranking.fpr95 == pytest.approx(alarms[np.argmax(hits >= 0.95)], abs=1e-2)
    assert (found.images, found.with_things) == (3, 3)


def test_images_without_unknown_things_count_too(images):
    empty = replace(images[0], unknown=np.zeros(SHAPE, bool))
    found = scores_of(UnknownDetectionScorer(), [empty, images[1]])
    assert (found.images, found.with_things) == (2, 1)
    unknown = joined([images[1].unknown, empty.unknown])
    asked = unknown | joined(image.truth != 255 for image in (images[1], empty))
    for name, ranking in found.by_score.items():
        values = joined(
            {**image.uncertainty_scores, **image.unknown_scores}[name]
            for image in (images[1], empty)
        )
        expected = average_precision_score(unknown[asked], values[asked])
        assert ranking.average_precision == pytest.approx(expected, abs=1e-3)


def test_without_unknown_things_there_is_no_such_score(images):
    none = [replace(images[0], unknown=None), replace(images[1], unknown=np.zeros(SHAPE, bool))]
    assert scores_of(UnknownDetectionScorer(), none) is None
    assert scores_of(UnknownDetectionScorer(), [none[0], images[2]]).images == 1


def test_older_files_counted_the_images_with_things_alone(images):
    found = scores_of(UnknownDetectionScorer(), images)
    data = found.to_json()
    del data["unknown"]["with_things"]
    assert UnknownDetectionScores.from_json(data) == found
