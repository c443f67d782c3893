"""Minutes to steps: what is promised fits, and is not much less than what would have fitted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.training import budget
from kerasseg.training.budget import affordable_steps, time_steps


def cost(steps, *, step_seconds, validation_seconds, epoch_steps, validate_every):
    """Wall clock of a run: the steps, a validation after every so many epochs, one at the end."""
    validations = 1 + steps // (epoch_steps * validate_every)
    return steps * step_seconds + validations * validation_seconds


@given(
    seconds=st.floats(1, 1e5),
    step_seconds=st.floats(0.01, 20),
    validation_seconds=st.floats(0.01, 300),
    images=st.integers(1, 5000),
    batch_size=st.integers(1, 16),
    validate_every=st.integers(1, 5),
)
def test_the_steps_fit_and_use_the_time(images, batch_size, seconds, validate_every, **times):
    steps = affordable_steps(
        seconds=seconds,
        images=images,
        batch_size=batch_size,
        validate_every=validate_every,
        **times,
    )
    rest = {"epoch_steps": max(1, images // batch_size), "validate_every": validate_every, **times}
    assert steps >= 1
    if steps > 1:
        assert cost(steps, **rest) <= seconds
    # Another validation and three steps, on top of the reserve, would not fit.
    assert cost(steps + 3, **rest) + times["validation_seconds"] > 0.9 * seconds


def test_no_time_at_all_is_one_step():
    steps = affordable_steps(
        seconds=-5.0,
        step_seconds=1.0,
        validation_seconds=10.0,
        images=8,
        batch_size=2,
        validate_every=1,
    )
    assert steps == 1


def test_the_first_steps_are_not_timed(monkeypatch):
    now = [0.0]
    done = []

    def step():
        done.append(now[0])
        now[0] += 30.0 if len(done) <= 3 else 0.5  # tracing is slow

    monkeypatch.setattr(budget.time, "perf_counter", lambda: now[0])
    assert time_steps(step) == pytest.approx(0.5)
    assert len(done) == 13
