"""Ranking from a histogram against scikit-learn on the same, equally coarse scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from kerasseg.metrics.ranking import BINS, Ranking, bins_of


def ranked(scores, positive, parts=1):
    ranking = Ranking()
    for s, p in zip(np.array_split(scores, parts), np.array_split(positive, parts), strict=True):
        ranking.add(s, p)
    return ranking


def sample(seed, n=4000):
    """Scores over six orders of magnitude, with ties, that say something about `positive`."""
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < rng.uniform(0.02, 0.6)
    scores = np.exp(rng.normal(positive * 1.0, 3)).astype(np.float32)
    scores[rng.random(n) < 0.2] = 0
    return scores, positive


@pytest.mark.parametrize("seed", range(5))
def test_areas_are_those_of_scikit_learn(seed):
    scores, positive = sample(seed)
    ranking, coarse = ranked(scores, positive, parts=7), bins_of(scores)
    assert ranking.auroc == pytest.approx(roc_auc_score(positive, coarse), abs=1e-12)
    expected = average_precision_score(positive, coarse)
    assert ranking.average_precision == pytest.approx(expected, abs=1e-12)
    alarms, hits, _ = roc_curve(positive, coarse, drop_intermediate=False)
    expected = alarms[np.argmax(hits >= 0.95)]
    assert ranking.false_positive_rate() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_bins_are_fine_enough(seed):
    scores, positive = sample(seed)
    ranking = ranked(scores, positive)
    assert ranking.auroc == pytest.approx(roc_auc_score(positive, scores), abs=1e-3)


def test_risk_and_coverage_by_a_loop():
    scores, positive = sample(9, n=300)
    ranking, coarse = ranked(scores, positive), bins_of(scores)
    coverage, risk = ranking.risk_coverage()
    thresholds = np.unique(coarse)
    assert len(coverage) == len(thresholds)
    area = 0.0
    for i, threshold in enumerate(thresholds):
        kept = coarse <= threshold
        assert coverage[i] == pytest.approx(kept.mean())
        assert risk[i] == pytest.approx(positive[kept].mean())
        area += (coarse == threshold).sum() * positive[kept].mean()
    assert ranking.risk_coverage_area == pytest.approx(area / len(scores))


def test_a_hundred_points_of_the_curve():
    scores, positive = sample(2)
    ranking = ranked(scores, positive)
    curve = set(zip(*ranking.risk_coverage(), strict=True))
    coverage, risk = ranking.risk_coverage_points()
    assert 50 < len(coverage) <= 101
    assert (np.diff(coverage) > 0).all()
    assert set(zip(coverage, risk, strict=True)) <= curve
    # A fifth of the scores is 0 and cannot be told apart; above, no gap is wider than a point's.
    assert np.diff(coverage).max() < 0.03
    assert (coverage[-1], risk[-1]) == (1.0, positive.mean())
    assert not len(Ranking().risk_coverage_points()[0])


@settings(max_examples=50)
@given(st.lists(st.floats(0, 2.0**127, width=32), min_size=2, max_size=30))
def test_bins_keep_the_order(values):
    scores = np.sort(np.array(values, np.float32))
    bins = bins_of(scores)
    assert (np.diff(bins) >= 0).all()
    assert bins.min() >= 0
    assert bins.max() < BINS


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_what_is_no_score_is_refused(bad):
    with pytest.raises(ValueError, match="below 0 or not a number"):
        Ranking().add(np.array([0.5, bad], np.float32), np.array([True, False]))


@pytest.mark.parametrize("positive", [[], [True, True], [False, False]])
def test_one_kind_alone_has_no_area(positive):
    ranking = ranked(np.ones(len(positive), np.float32), np.array(positive, bool))
    for value in (ranking.auroc, ranking.average_precision, ranking.false_positive_rate()):
        assert np.isnan(value)
