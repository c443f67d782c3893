"""The cost of leaving pixels unlabelled, against label maps in which they are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as given_
from hypothesis import settings
from hypothesis import strategies as st

from kerasseg.metrics.abstention import UnlabelledPixels
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import ScoredImage
from kerasseg.metrics.unlabelled import SHARES, UnlabelledScorer
from tests.metrics.uncertain_images import scores_of

CLASSES = 4


def image(place, *, shape=(20, 30), background=0.02, coarse=False, known=None):
    """Labels of which some are wrong and some background; a score that knows a little."""
    rng = np.random.default_rng(place)
    truth = rng.integers(0, CLASSES - (place % 2), shape).astype(np.uint8)
    unknown = rng.random(shape) < 0.1
    truth[unknown | (rng.random(shape) < 0.1)] = 255
    labels = np.where(rng.random(shape) < 0.8, truth, rng.integers(0, CLASSES, shape))
    labels = np.where(labels == 255, 1, labels).astype(np.uint8)
    score = rng.normal(unknown + 0.5 * (labels != truth), 0.5, shape)
    labels[rng.random(shape) < background] = CLASSES if place % 3 else 255
    return ScoredImage(
        classes=CLASSES,
        truth=truth,
        labels=labels,
        uncertainty_scores={"uncertainty": score.round(1 if coarse else 9).astype(np.float32)},
        unknown=unknown if known is None else known,
        place=place,
    )


def by_labels(images, threshold):
    """(given up, mIoU, caught): of label maps that are background above the threshold."""
    matrix, silent, known, caught, unknown = ConfusionMatrix(CLASSES), 0, 0, 0, 0
    for i in images:
        labels = i.labels.copy()
        labels[i.uncertainty_scores["uncertainty"] > threshold] = CLASSES
        matrix.add(i.truth, labels)
        valid = i.truth != 255
        known += valid.sum()
        silent += (labels[valid] >= CLASSES).sum()
        caught += (labels[i.unknown] >= CLASSES).sum()
        unknown += i.unknown.sum()
    return silent / known, matrix.miou, caught / unknown


def given(found):
    return found.given_up, found.miou, found.caught


@pytest.mark.parametrize("coarse", [True, False])
def test_points_are_those_of_the_label_maps(coarse):
    images = [image(i, coarse=coarse, background=0.003) for i in range(6)]
    scores = scores_of(UnlabelledScorer(CLASSES), images)
    assert (scores.images_fitted, scores.images_scored) == (3, 3)
    ranking = scores.by_score["uncertainty"]
    assert given(ranking.own) == pytest.approx(by_labels(images[1::2], np.inf))
    assert [point.share for point in ranking.points] == list(SHARES)
    candidates = np.unique([i.uncertainty_scores["uncertainty"] for i in images[::2]])
    for point in ranking.points:
        assert given(point.scored) == pytest.approx(by_labels(images[1::2], point.threshold))
        assert by_labels(images[::2], point.threshold)[0] <= point.share
        # A lower threshold, by more than a bin, gives up too much.
        lower = candidates[candidates < point.threshold - abs(point.threshold) / 512][-1]
        below = np.nextafter(lower, np.float32(-np.inf))
        assert by_labels(images[::2], below)[0] > point.share
    assert ranking.points[0].threshold > ranking.points[-1].threshold


def test_the_curve_is_that_of_the_label_maps():
    images = [image(i, shape=(40, 50), background=0.005) for i in range(2)]
    ranking = scores_of(UnlabelledScorer(CLASSES), images).by_score["uncertainty"]
    scored = images[1::2]
    thresholds = np.unique([i.uncertainty_scores["uncertainty"] for i in scored])
    possible = np.array([by_labels(scored, t) for t in [np.inf, *thresholds[::-1]]])
    assert given(ranking.curve[0]) == pytest.approx(given(ranking.own))
    assert 30 < len(ranking.curve) <= 41
    for point in ranking.curve:
        assert np.abs(possible - given(point)).max(axis=1).min() < 1e-12
    given_up = np.array([point.given_up for point in ranking.curve])
    assert (np.diff(given_up) > 0).all()
    assert np.abs(given_up[1:] - np.linspace(0, 0.1, 41)[-len(given_up) + 1 :]).max() < 0.004


@settings(max_examples=30, deadline=None)
@given_(
    seed=st.integers(0, 10**6),
    share=st.floats(0, 1, exclude_max=True),
    background=st.sampled_from([0.0, 0.1, 1.0]),
)
def test_a_threshold_gives_up_as_much_as_it_may(seed, share, background):
    made = image(2 * seed, shape=(5, 8), background=background, coarse=True)
    pixels = UnlabelledPixels(CLASSES)
    known, score = made.truth != 255, made.uncertainty_scores["uncertainty"]
    pixels.add(
        score,
        answered=made.labels < CLASSES,
        known=known,
        unknown=made.unknown,
        truth=made.truth,
        labels=made.labels,
    )
    threshold = pixels.threshold(share)
    silent = (made.labels >= CLASSES)[known]
    if threshold is None:
        assert silent.all() or silent.mean() > share
        return
    shares = [(silent | (score[known] > t)).mean() for t in [-np.inf, *np.unique(score)]]
    assert (silent | (score[known] > threshold)).mean() == max(s for s in shares if s <= share)


def test_own_answers_that_give_up_more_leave_no_threshold():
    images = [image(i, background=0.03) for i in range(4)]
    scores = scores_of(UnlabelledScorer(CLASSES), images)
    ranking = scores.by_score["uncertainty"]
    assert [point.threshold is None for point in ranking.points] == [True, True, True, False]
    assert ranking.points[0].scored == ranking.own
    assert ranking.own.given_up > 0.02
    assert not scores.summary()  # no threshold for 2 %


def test_without_unknown_things_the_cost_alone_is_known():
    nothing = np.zeros((20, 30), bool)
    scores = scores_of(UnlabelledScorer(CLASSES), [image(i, known=nothing) for i in range(2)])
    point = scores.by_score["uncertainty"].at(0.02).scored
    assert point.caught is None
    assert 0 < point.miou < 1
    names = [score.name for score in scores.summary()]
    assert names == ["mIoU with 2% unlabelled, uncertainty"]


def test_photos_without_classes_have_no_mean_iou():
    scorer, images = UnlabelledScorer(0), [image(i) for i in range(2)]
    for made in images:
        scorer.add_scores(
            made.uncertainty_scores,
            labels=made.labels,
            likeliest=None,
            classes=CLASSES,
            known=~made.unknown,
            unknown=made.unknown,
            truth=None,
            fitted=made.fitted,
        )
    point = scorer.scores().by_score["uncertainty"].at(0.05)
    above = (images[1].uncertainty_scores["uncertainty"] > point.threshold) | (
        images[1].labels >= CLASSES
    )
    expected = above[~images[1].unknown].mean(), None, above[images[1].unknown].mean()
    assert given(point.scored) == pytest.approx(expected)


def test_with_probabilities_the_threshold_alone_decides():
    images, shape = [], (20, 30)
    for place in range(4):
        made, rng = image(place, background=0.3), np.random.default_rng(place)
        probabilities = rng.dirichlet(np.ones(CLASSES + 1), shape).astype(np.float32)
        images.append(replace(made, probabilities=probabilities))
    ranking = scores_of(UnlabelledScorer(CLASSES), images).by_score["uncertainty"]
    assert given(ranking.own) == pytest.approx(by_labels(images[1::2], np.inf))
    known = [replace(i, labels=i.probabilities[..., :CLASSES].argmax(-1)) for i in images]
    for point in ranking.points:
        assert given(point.scored) == pytest.approx(by_labels(known[1::2], point.threshold))
        assert by_labels(known[::2], point.threshold)[0] <= point.share


def test_one_image_is_not_enough():
    assert scores_of(UnlabelledScorer(CLASSES), [image(0)]) is None
    bare = ScoredImage(classes=CLASSES, truth=image(0).truth, labels=image(0).labels)
    assert scores_of(UnlabelledScorer(CLASSES), [bare]) is None
