"""The clock of the steps: how often it waits for their result, and what it counts."""

import itertools

import pytest

from kerasseg.training import step as module
from kerasseg.training.step import StepClock


class Means:
    """Of one step; computed while the host goes on, 1 s after it was begun or the one before."""

    def __init__(self, number, clock):
        self.number, self._clock = number, clock
        clock.computed = max(clock.now, clock.computed) + 1.0

    def __float__(self):
        self._clock.now = max(self._clock.now, self._clock.computed)
        self._clock.fetched.append(self.number)
        return float(self.number)


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now, computed, fetched = 0.0, 0.0, []

        def perf_counter(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def run(clock, steps, *, every, waits=(), input_seconds=0.25):
    """What `run` returns of each step."""
    numbers, timed = itertools.count(1), StepClock(every=every)

    def batches():
        while True:
            clock.now += input_seconds
            yield None

    source, found = batches(), []
    for number in range(1, steps + 1):
        means = timed.run(
            lambda _: {"loss": Means(next(numbers), clock)},
            source,
            batch_size=2,
            wait=number in waits,
        )
        found.append(means["loss"])
    return timed, found


def test_on_a_cpu_every_step_is_waited_for(clock):
    timed, found = run(clock, 4, every=1)
    assert found == clock.fetched == [1, 2, 3, 4]
    assert timed.timed_steps == 3
    assert timed.seconds_per_step == pytest.approx(1.25)
    assert timed.images_per_second == pytest.approx(2 / 1.25)
    assert timed.input_wait == pytest.approx(0.2)


def test_on_a_gpu_the_input_is_prepared_while_it_computes(clock):
    timed, found = run(clock, 9, every=4)
    assert clock.fetched == [1, 5, 9]  # the first one compiles, then every fourth
    assert found == [1, 1, 1, 1, 5, 5, 5, 5, 9]
    assert timed.timed_steps == 8
    # Only the first batch of four is waited for by a GPU that has nothing to do.
    assert timed.seconds_per_step == pytest.approx(4.25 / 4)


def test_it_waits_where_it_is_told_to(clock):
    _, found = run(clock, 6, every=4, waits=(3, 6))
    assert found == [1, 1, 3, 3, 3, 6]
