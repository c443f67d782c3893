"""Bins of scores: monotone, with exact edges, and counted as NumPy counts."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kerasseg.metrics.histogram import ScoreHistogram, bins_of, upper_edge

ANY = st.floats(width=32, allow_nan=False)
STEPS = st.sampled_from([1, 512, 2048])


@settings(max_examples=100)
@given(st.lists(ANY, min_size=1, max_size=30), STEPS)
def test_bins_keep_the_order(values, steps):
    bins = bins_of(np.sort(np.array(values, np.float32)), steps=steps)
    assert (np.diff(bins) >= 0).all()


@settings(max_examples=100)
@given(ANY, STEPS)
@example(float(np.finfo(np.float32).max) / 2, 1)
def test_the_edge_is_the_last_number_of_its_bin(value, steps):
    number = int(bins_of(np.array(value), steps=steps))
    edge = np.float32(upper_edge(number, steps=steps))
    with np.errstate(over="ignore"):  # above the largest number is infinity
        above = np.nextafter(edge, np.float32(np.inf))
    assert edge >= np.float32(value)
    assert bins_of(edge, steps=steps) == number
    assert above == edge or bins_of(above, steps=steps) == number + 1


def test_a_bin_is_as_wide_as_promised():
    low = 1 + np.arange(2048, dtype=np.float32) / 2048  # one octave
    for sign in (1, -1):
        assert len(np.unique(bins_of(sign * low))) == 2048
        assert len(np.unique(bins_of(sign * low, steps=512))) == 512
        assert (bins_of(sign * low * np.float32(1 + 1 / 8192)) == bins_of(sign * low)).all()
    assert bins_of(np.array([-0.0, 0.0])).tolist() == [0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_a_loop_over_all_pixels(seed):
    rng = np.random.default_rng(seed)
    scores = np.concatenate(
        [np.zeros(50), rng.normal(0, 1, 300) * 10.0 ** rng.integers(-6, 6, 300)]
    ).astype(np.float32)
    rows = rng.integers(0, 3, scores.size)
    histogram = ScoreHistogram(rows=3)
    for part in np.array_split(rng.permutation(scores.size), 4):
        histogram.add(scores[part], rows[part])
        histogram.add(scores[:0], rows[:0])
    bins = bins_of(scores)
    assert histogram.bins.tolist() == np.unique(bins).tolist()
    for row in range(3):
        expected = [int((bins[rows == row] == number).sum()) for number in histogram.bins]
        assert histogram.counts[row].tolist() == expected


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        ScoreHistogram(rows=1).add(np.array([0.5, np.nan]), np.array([0, 0]))
