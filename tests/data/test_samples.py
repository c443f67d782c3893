from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.samples import Sample, take_evenly


def samples(count):
    return [Sample(f"{i:04}", Path(f"{i}.png"), Path(f"{i}_label.png")) for i in range(count)]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(None, "0123456789"), (10, "0123456789"), (11, "0123456789"), (5, "02468"), (1, "0")],
)
def test_few_examples(count, expected):
    assert [int(s.name) for s in take_evenly(samples(10), count)] == [int(c) for c in expected]


@given(st.integers(1, 300), st.integers(1, 300))
def test_evenly_means_the_same_step_give_or_take_one(total, count):
    taken = [int(s.name) for s in take_evenly(samples(total), count)]
    assert len(taken) == min(total, count)
    steps = {b - a for a, b in pairwise(taken)}
    assert all(step >= 1 for step in steps)
    assert not steps or max(steps) - min(steps) <= 1


@given(st.integers(1, 3000), st.integers(0, 600))
def test_with_the_last_is_linspace_rounded_down(total, count):
    expected = np.linspace(0, total - 1, min(count, total)).astype(int).tolist()
    assert list(take_evenly(range(total), count, with_last=True)) == expected


def test_nothing_of_nothing():
    for with_last in (False, True):
        assert take_evenly([], 3, with_last=with_last) == ()
        assert take_evenly("abc", 0, with_last=with_last) == ()
