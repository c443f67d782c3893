"""Runs against a loop over pixels."""

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.metrics.run_lengths import runs


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_runs_are_those_of_a_loop(height, width, seed):
    rng = np.random.default_rng(seed)
    one = rng.integers(0, 2, (height, width), np.uint8)
    other = rng.integers(0, 2, (height, width)).astype(np.uint16) * 1000
    starts, lengths = runs(one, other)
    pairs = list(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    expected = [(pair, len(list(group))) for pair, group in groupby(pairs)]
    assert [(pairs[start], n) for start, n in zip(starts, lengths, strict=True)] == expected


def test_no_pixels_no_runs():
    starts, lengths = runs(np.zeros((0, 3), np.uint8))
    assert len(starts) == len(lengths) == 0
