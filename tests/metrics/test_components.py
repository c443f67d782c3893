"""Things found and false alarms: an example by hand, and the definition over sets of pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasseg.metrics.components import (
    LIMITS,
    ComponentCounts,
    component_overlaps,
    smallest_sizes,
)


def by_hand():
    unknown, predicted = np.zeros((8, 10), bool), np.zeros((8, 10), bool)
    unknown[0:2, 0:4] = True  # 8 pixels
    unknown[0:2, 6:8] = True  # 4
    unknown[5:7, 0:2] = True  # 4, missed
    predicted[0:2, 2:7] = True  # 10: 4 of the first thing, 2 of the second, 4 false
    predicted[5:7, 8:10] = True  # 4, a false alarm
    return unknown, predicted


def test_an_example_by_hand():
    unknown, predicted = by_hand()
    siou, precision = component_overlaps(unknown, predicted, np.ones_like(unknown))
    assert siou.tolist() == [4 / (8 + 4), 2 / (4 + 4), 0]
    assert precision.tolist() == [6 / 10, 0]
    counts = ComponentCounts()
    counts.add(siou, precision)
    assert (counts.things, counts.predictions, counts.precision) == (3, 2, 0.6)
    # The second thing's sIoU is 0.25, and not above.
    assert dict(zip(LIMITS.tolist(), counts.found.tolist(), strict=True)) == {
        limit: int(limit <= 0.3) for limit in LIMITS.tolist()
    }
    assert counts.false.tolist() == [1] * 7 + [2] * 4
    # Two limits with one thing found, two missed, and one false alarm; nothing at the other nine.
    assert counts.mean_f1 == pytest.approx(2 * (2 / (2 + 2 + 1)) / 11)


def test_what_is_not_asked_for_does_not_count():
    unknown, predicted = by_hand()
    asked = np.ones_like(unknown)
    asked[:, 4:6] = False  # cuts the prediction in two, without false pixels
    siou, precision = component_overlaps(unknown, predicted, asked)
    assert siou.tolist() == [4 / 8, 2 / 4, 0]
    assert precision.tolist() == [1, 1, 0]


def test_no_thing_and_no_prediction():
    none, everywhere = np.zeros((4, 5), bool), np.ones((4, 5), bool)
    for unknown, predicted, sizes in (
        (none, none, (0, 0)),
        (everywhere, none, (1, 0)),
        (none, everywhere, (0, 1)),
    ):
        siou, precision = component_overlaps(unknown, predicted, everywhere)
        assert (len(siou), len(precision)) == sizes
        assert not siou.any()
        assert not precision.any()
    assert np.isnan(ComponentCounts().mean_f1)


def components(mask):
    """Sets of (row, column), eight neighbours each."""
    left, found = set(zip(*map(np.ndarray.tolist, np.nonzero(mask)), strict=True)), []
    while left:
        component, border = set(), [left.pop()]
        while border:
            y, x = border.pop()
            component.add((y, x))
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            border += near
        found.append(component)
    return found


def by_definition(unknown, predicted, asked, *, smallest_prediction, smallest_thing):
    """sIoU(k) = |k and K'| / |(k or K') without A|: K' all components that meet k, A the pixels
    of other things; PPV of a component: its share in things. Both sorted."""
    everything = components(unknown & asked)
    things = [thing for thing in everything if len(thing) >= smallest_thing]
    ignored = set().union(*(thing for thing in everything if thing not in things))
    kept = [p for p in components(predicted & asked) if len(p) >= smallest_prediction]
    predictions = [p - ignored for p in kept if p - ignored]
    siou = []
    for thing in things:
        met = set().union(*(p for p in predictions if p & thing))
        others = set().union(*(other for other in things if other is not thing))
        siou.append(len(thing & met) / len((thing | met) - others))
    inside = set().union(*things)
    return sorted(siou), sorted(len(p & inside) / len(p) for p in predictions)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    height=st.integers(1, 14),
    width=st.integers(1, 16),
    smallest_prediction=st.integers(0, 6),
    smallest_thing=st.integers(0, 6),
)
def test_the_definition_over_sets(seed, height, width, **smallest):
    rng = np.random.default_rng(seed)
    asked = rng.random((height, width)) < rng.uniform(0.7, 1)
    unknown = (rng.random((height, width)) < rng.uniform(0, 0.5)) & asked
    predicted = rng.random((height, width)) < rng.uniform(0, 0.5)
    found = component_overlaps(unknown, predicted, asked, **smallest)
    expected = by_definition(unknown, predicted, asked, **smallest)
    for ours, theirs in zip(found, expected, strict=True):
        assert sorted(ours) == pytest.approx(theirs)


def test_the_benchmarks_sizes_follow_the_image():
    assert smallest_sizes(720, 1280) == (500, 100)
    assert smallest_sizes(360, 640) == (125, 25)
    assert smallest_sizes(8, 8) == (0, 0)
