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

    The first step that it ever runs is left out: it traces and compiles.
    """

    def __init__(self) -> None:
        self._warm = False
        self.timed_steps = 0  # of all epochs
        self._seconds = 0.0
        self.reset()

    def reset(self) -> None:
        self._total = 0.0
        self._waited = 0.0
        self._images = 0

    def run(self, step: TrainStep, batches: Iterator, *, batch_size: int) -> dict[str, float]:
        """Fetches a batch, trains on it, waits for the result: the running means as floats."""
        start = time.perf_counter()
        batch = next(batches)
        fetched = time.perf_counter()
        means = {name: float(value) for name, value in step(batch).items()}
        if self._warm:
            self._waited += fetched - start
            seconds = time.perf_counter() - start
            self._total += seconds
            self._seconds += seconds
            self.timed_steps += 1
            self._images += batch_size
        self._warm = True
        return means

    @property
    def seconds_per_step(self) -> float:
        """Mean over all epochs, with the waiting for input; 0 before a step was timed."""
        return self._seconds / self.timed_steps if self.timed_steps else 0.0

    @property
    def images_per_second(self) -> float:
        return self._images / self._total if self._total else 0.0

    @property
    def input_wait(self) -> float:
        """Share of the time, 0…1."""
        return self._waited / self._total if self._total else 0.0
