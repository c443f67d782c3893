"""Which weights of a run count as its best."""

import math

import pytest

from kerasseg.training.loop import is_better


@pytest.mark.parametrize(
    ("miou", "best", "expected"),
    [
        (0.0, None, True),
        (math.nan, None, True),  # best.keras exists whatever is validated
        (0.1, math.nan, True),
        (math.nan, math.nan, False),
        (math.nan, 0.1, False),
        (0.1, 0.1, False),
        (0.2, 0.1, True),
    ],
)
def test_a_score_replaces_none_and_nan(miou, best, expected):
    assert is_better(miou, best) is expected
