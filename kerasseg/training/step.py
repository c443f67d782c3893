"""The compiled training step and the clock that runs beside it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from kerasseg.models.keras_internals import sums_in_order
from kerasseg.training.segmenter import Segmenter

TrainStep = Callable[[Any], dict[str, tf.Tensor]]  # batch -> running means


def compile_step(
    segmenter: Segmenter, *, jit: bool, strategy: tf.distribute.Strategy | None = None
) -> TrainStep:
    """`train_step` and the averaging of weights as one graph: batch -> running means.

    With a strategy the batch is one of its own, a part for each replica; `jit` is not looked at.
    """
    if strategy is not None:

        @tf.function(reduce_retracing=True, autograph=False)
        def step_together(batch: Any) -> dict[str, tf.Tensor]:
            means = strategy.run(segmenter.train_step, args=(batch,))
            segmenter.update_average()
            # The replicas say the same.
            return {name: strategy.experimental_local_results(v)[0] for name, v in means.items()}

        return _in_order(step_together)

    @tf.function(jit_compile=jit, reduce_retracing=True, autograph=False)
    def step(batch: Any) -> dict[str, tf.Tensor]:
        means = segmenter.train_step(batch)
        segmenter.update_average()
        return means

    return _in_order(step)


def _in_order(step: TrainStep) -> TrainStep:
    """The same graph; called again, or in another process, it gives the same to the last bit."""

    def ordered(batch: Any) -> dict[str, tf.Tensor]:
        with sums_in_order():
            return step(batch)

    return ordered


class StepClock:
    """Seconds of the steps of an epoch, and how many of them went into waiting for input.

    every: after how many steps it waits for their result. A GPU is given the next step, and its
    batch, while it computes, until the host asks for a number. The first step that the clock ever
    runs is left out: it traces and compiles.
    """

    def __init__(self, *, every: int = 1) -> None:
        self._every = every
        self._unknown = 0  # steps since the one that was waited for
        self._means: dict[str, float] = {}
        self._warm = False
        self.timed_steps = 0  # of all epochs
        self._seconds = 0.0
        self.reset()

    def reset(self) -> None:
        self._total = 0.0
        self._waited = 0.0
        self._images = 0

    def run(
        self, step: TrainStep, batches: Iterator, *, batch_size: int, wait: bool = False
    ) -> dict[str, float]:
        """Fetches a batch and trains on it: the running means as floats, after the last step that
        was waited for.

        wait: for this one, whatever `every` is; so before a state is saved or an epoch ends.
        """
        start = time.perf_counter()
        batch = next(batches)
        fetched = time.perf_counter()
        means = step(batch)
        self._unknown += 1
        if wait or not self._warm or self._unknown == self._every:
            self._means = {name: float(value) for name, value in means.items()}
            self._unknown = 0
        if self._warm:
            self._waited += fetched - start
            seconds = time.perf_counter() - start
            self._total += seconds
            self._seconds += seconds
            self.timed_steps += 1
            self._images += batch_size
        self._warm = True
        return self._means

    @property
    def seconds_per_step(self) -> float:
        """Mean over all epochs, with the waiting for input; 0 before a step was timed."""
        return self._seconds / self.timed_steps if self.timed_steps else 0.0

    @property
    def images_per_second(self) -> float:
        return self._images / self._total if self._total else 0.0

    @property
    def input_wait(self) -> float:
        """Share of the time, 0…1; where a GPU computes meanwhile, at most that."""
        return self._waited / self._total if self._total else 0.0
