"""Plans of epochs: no gap, no overlap, stages in order, shares as asked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.curriculum import Epoch, Plan, plan_epochs, plan_steps, steps_per_epoch

STAGES = st.lists(st.tuples(st.sampled_from([0.6, 0.75, 1.0]), st.integers(1, 9)), min_size=1)
IMAGES, BATCH = st.integers(1, 200), st.integers(1, 9)


def check(plan: Plan, stages):
    """Epochs follow one another without a gap and belong to stages in order."""
    assert plan.epochs[0].first_step == 0
    for one, two in pairwise(plan.epochs):
        assert one.end == two.first_step
        assert two.stage - one.stage in (0, 1)
    assert all(epoch.steps > 0 for epoch in plan.epochs)
    assert all(epoch.crop_scale == stages[epoch.stage][0] for epoch in plan.epochs)
    assert plan.total_steps == sum(epoch.steps for epoch in plan.epochs)


@given(stages=STAGES, images=IMAGES, batch_size=BATCH)
def test_epochs_as_they_stand(stages, images, batch_size):
    plan = plan_epochs(stages, images=images, batch_size=batch_size)
    check(plan, stages)
    assert {epoch.steps for epoch in plan.epochs} == {max(1, images // batch_size)}
    for i, (_, epochs) in enumerate(stages):
        assert sum(epoch.stage == i for epoch in plan.epochs) == epochs


@given(stages=STAGES, images=IMAGES, batch_size=BATCH, extra=st.integers(0, 3000))
def test_a_budget_is_used_to_the_step_and_reaches_every_stage(stages, images, batch_size, extra):
    total = len(stages) + extra
    plan = plan_steps(stages, images=images, batch_size=batch_size, total_steps=total)
    check(plan, stages)
    assert plan.total_steps == total
    assert {epoch.stage for epoch in plan.epochs} == set(range(len(stages)))
    for i, (_, epochs) in enumerate(stages):
        share = total * epochs / sum(e for _, e in stages)
        steps = sum(epoch.steps for epoch in plan.epochs if epoch.stage == i)
        # A step of rounding at each end, and the one step that each stage is owed.
        assert abs(steps - share) <= 1 + len(stages)


@given(stages=STAGES, images=IMAGES, batch_size=BATCH, total=st.integers(-3, 40))
def test_too_few_steps_for_all_stages_are_used_all_the_same(stages, images, batch_size, total):
    plan = plan_steps(stages, images=images, batch_size=batch_size, total_steps=total)
    assert plan.epochs[0].first_step == 0
    assert plan.total_steps == max(1, total)
    assert [epoch.stage for epoch in plan.epochs] == sorted(epoch.stage for epoch in plan.epochs)


def test_the_shares_of_a_long_budget_are_those_of_the_epochs():
    plan = plan_steps([(0.6, 1), (1.0, 3)], images=100, batch_size=10, total_steps=400)
    assert [epoch.stage for epoch in plan.epochs] == [0] * 10 + [1] * 30
    assert {epoch.steps for epoch in plan.epochs} == {10}


@given(stages=STAGES, images=IMAGES, batch_size=BATCH)
def test_every_step_belongs_to_the_epoch_that_holds_it(stages, images, batch_size):
    plan = plan_epochs(stages, images=images, batch_size=batch_size)
    for index, epoch in enumerate(plan.epochs):
        assert plan.epoch_at(epoch.first_step) == index
        assert plan.epoch_at(epoch.end - 1) == index
    assert plan.epoch_at(plan.total_steps) == len(plan.epochs)


@pytest.mark.parametrize(("images", "steps"), [(1, 1), (3, 1), (4, 1), (7, 1), (8, 2), (9, 2)])
def test_only_whole_batches_count_but_one_there_is_always(images, steps):
    assert steps_per_epoch(images, 4) == steps


def test_an_epoch_ends_where_its_steps_do():
    assert Epoch(stage=0, crop_scale=1.0, first_step=5, steps=3).end == 8


def test_the_first_epoch_of_each_stage():
    plan = plan_epochs([(0.6, 2), (0.75, 1), (1.0, 3)], images=4, batch_size=2)
    assert [plan.begins_stage(i) for i in range(6)] == [True, False, True, True, False, False]
