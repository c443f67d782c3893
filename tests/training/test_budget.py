"""Minutes to steps: what is promised fits with all that a run does, and uses the time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.curriculum import plan_epochs, plan_steps
from kerasseg.training.budget import (
    Costs,
    affordable_steps,
    count_validations,
    in_words,
    remaining_line,
)

THREE = [(0.6, 1), (0.75, 1), (1.0, 1)]


def on_a_clock(plan, *, costs, validate_every):
    """Wall clock of a run of the plan, as the loop goes through it."""
    now = 0.0
    for index, epoch in enumerate(plan.epochs):
        now += epoch.steps * costs.step
        last = index + 1 == len(plan.epochs)
        if last or (index + 1) % validate_every == 0:
            now += costs.validation
    return now + costs.scoring


@given(
    seconds=st.floats(1, 2000),
    costs=st.builds(Costs, st.floats(0.2, 20), st.floats(0.01, 300), st.floats(0, 600)),
    images=st.integers(50, 5000),
    batch_size=st.integers(1, 8),
    stages=st.lists(st.tuples(st.just(1.0), st.integers(1, 9)), min_size=1, max_size=4),
    validate_every=st.integers(1, 5),
)
def test_the_steps_fit_and_use_the_time(seconds, costs, images, batch_size, stages, validate_every):
    def plan(steps):
        return plan_steps(stages, images=images, batch_size=batch_size, total_steps=steps)

    clock = {"costs": costs, "validate_every": validate_every}
    steps = affordable_steps(seconds=seconds, plan=plan, **clock)
    assert steps >= 1
    if steps > 1:
        assert on_a_clock(plan(steps), **clock) <= seconds
    # One step more, and what that brings with it, is beyond the reserve.
    assert on_a_clock(plan(steps + 1), **clock) > 0.95 * seconds


def test_the_validation_of_each_stage_is_counted():
    """0.25 s a step, 60 s a validation, three stages: five minutes are five minutes."""
    costs = Costs(step=0.25, validation=60.0, scoring=30.0)

    def plan(steps):
        return plan_steps(THREE, images=5000, batch_size=4, total_steps=steps)

    steps = affordable_steps(seconds=300.0, costs=costs, plan=plan, validate_every=1)
    assert count_validations(plan(steps), validate_every=1) == 3
    assert steps == int((300 * 0.96 - 3 * 60 - 30) / 0.25)


def test_no_time_at_all_is_one_step():
    def plan(steps):
        return plan_steps([(1.0, 1)], images=8, batch_size=2, total_steps=steps)

    costs = Costs(1.0, 10.0, 5.0)
    assert affordable_steps(seconds=-5.0, costs=costs, plan=plan, validate_every=1) == 1


@pytest.mark.parametrize(
    ("every", "done", "expected"), [(1, 0, 6), (1, 4, 2), (4, 0, 2), (4, 4, 1), (9, 0, 1)]
)
def test_validations_to_come(every, done, expected):
    plan = plan_epochs([(0.6, 2), (1.0, 4)], images=4, batch_size=2)
    assert count_validations(plan, validate_every=every, epochs=done) == expected


def test_what_is_left_of_a_run_in_words():
    plan = plan_epochs([(0.6, 2), (1.0, 4)], images=200, batch_size=2)
    line = remaining_line(Costs(0.5, 20.0, 40.0), plan, validate_every=2, step=110, epochs=1)
    # 490 steps, 3 validations and the scores: 345 s.
    assert line == (
        "about 6 minutes to go: 490 steps of 0.50 s, 3 validations of 20.0 s, "
        "40 s for the final scores"
    )
    assert [in_words(s) for s in (0.2, 89, 91, 5399, 9000)] == [
        "1 seconds",
        "89 seconds",
        "2 minutes",
        "90 minutes",
        "2.5 hours",
    ]
