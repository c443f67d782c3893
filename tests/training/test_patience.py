"""Which weights of a run count as its best, and when a run ends for want of better ones."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.curriculum import plan_epochs
from kerasseg.training.patience import is_better, validations_since_best
from kerasseg.training.state import Progress


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


def rows(scores, *, stage=1):
    return [{"stage": str(stage), "val_miou": "" if s is None else str(s)} for s in scores]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([], 0),
        ([0.1], 0),
        ([0.1, 0.2, 0.3], 0),
        ([0.2, 0.2], 1),
        ([0.3, 0.1, 0.2], 2),  # better than the one before is not enough
        ([0.3, None, 0.2, None], 1),  # only what was validated counts
        ([0.3, 0.2, 0.4, 0.1], 1),
        ([math.nan, math.nan, 0.0], 0),
    ],
)
def test_validations_are_counted_from_the_best_of_the_stage(scores, expected):
    assert validations_since_best(rows(scores), stage=1) == expected
    # A stage before that did better, and one without a gain, change nothing.
    assert validations_since_best(rows([0.9, 0.8]) + rows(scores, stage=2), stage=2) == expected


@given(st.lists(st.integers(0, 5).map(float), min_size=1, max_size=12))
def test_it_is_the_distance_to_the_first_maximum(scores):
    distance = len(scores) - 1 - scores.index(max(scores))
    assert validations_since_best(rows(scores), stage=1) == distance


def progress(scores, patience):
    plan = plan_epochs([(0.6, 3), (1.0, 4)], images=4, batch_size=2)
    first, last = rows(scores[:3]), rows(scores[3:], stage=2)
    return Progress(
        plan, planned_by_budget=False, data_key="", history=first + last, patience=patience
    )


@pytest.mark.parametrize(
    ("scores", "patience", "ends"),
    [
        ([0.5, 0.4, 0.3], 2, False),  # an early stage ends no run
        ([0.5, 0.4, 0.3, 0.2, 0.1], 2, False),
        ([0.5, 0.4, 0.3, 0.2, 0.1, 0.1], 2, True),
        ([0.5, 0.4, 0.3, 0.2, 0.1, 0.1], 3, False),
        ([0.5, 0.4, 0.3, 0.2, 0.1, 0.1], None, False),
        ([0.5, 0.4, 0.3, 0.4, 0.1, 0.1, 0.1], 2, False),  # at the end of its plan anyway
    ],
)
def test_the_last_stage_alone_ends_a_run(scores, patience, ends):
    found = progress(scores, patience)
    assert found.out_of_patience is ends
    assert found.finished is (ends or len(scores) == 7)
