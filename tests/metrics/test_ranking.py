"""Ranking from a histogram against scikit-learn on the same, equally coarse scores."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from kerasseg.metrics.histogram import bins_of
from kerasseg.metrics.ranking import Ranking


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


@pytest.mark.parametrize("positives", [0.0, 0.2, 1.0])
def test_generalized_risk_by_a_loop_over_pairs(positives):
    # The chance that of two pixels the one is wrong and no more doubtful than the other.
    rng = np.random.default_rng(5)
    positive = rng.random(60) < positives
    scores = (rng.integers(0, 8, 60) + 2 * positive).astype(np.float32)  # many ties
    area = 0.0
    for wrong, score in zip(positive, scores, strict=True):
        for threshold in scores:
            area += wrong * ((score < threshold) + 0.5 * (score == threshold)) / 60**2
    ranking = ranked(scores, positive, parts=3)
    assert ranking.generalized_risk_coverage_area == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_generalized_risk_from_auroc_and_accuracy(seed):
    scores, positive = sample(seed)
    ranking, right = ranked(scores, positive), 1 - positive.mean()
    expected = (1 - roc_auc_score(positive, bins_of(scores))) * right * (1 - right)
    expected += (1 - right) ** 2 / 2
    assert ranking.generalized_risk_coverage_area == pytest.approx(expected, abs=1e-12)
    assert np.isnan(Ranking().generalized_risk_coverage_area)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_f1_by_a_loop(seed):
    scores, positive = sample(seed, n=300)
    scores -= 1  # the sign does not matter
    threshold = ranked(scores, positive).best_f1_threshold()

    def f1(t):
        return 2 * (positive & (scores > t)).sum() / (positive.sum() + (scores > t).sum())

    best = max(f1(t) for t in [-np.inf, *np.unique(scores)])
    assert f1(threshold) == pytest.approx(best, abs=2e-3)
    assert np.isnan(ranked(scores, positive & False).best_f1_threshold())


@pytest.mark.parametrize("change", [lambda s: -1 / (1 + s), lambda s: s * 1e-30])
def test_the_range_of_the_scores_does_not_matter(change):
    scores, positive = sample(4)
    plain, changed = ranked(scores, positive), ranked(change(scores), positive)
    assert changed.auroc == pytest.approx(plain.auroc, abs=1e-3)


def test_what_is_no_score_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        Ranking().add(np.array([0.5, np.nan], np.float32), np.array([True, False]))


@pytest.mark.parametrize("positive", [[], [True, True], [False, False]])
def test_one_kind_alone_has_no_area(positive):
    ranking = ranked(np.ones(len(positive), np.float32), np.array(positive, bool))
    for value in (ranking.auroc, ranking.average_precision, ranking.false_positive_rate()):
        assert np.isnan(value)
