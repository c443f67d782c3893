"""Which part of its batch a layer is given, where a batch is worked through part by part."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True, eq=False)
class BatchPart:
    """Part `index` of `parts` of the images of a replica: those numbered index, index + parts, …

    Every so many, not one after the other: a part then holds the same images however many
    replicas share the batch. index: int, or an int32 scalar in a graph that loops.
    """

    index: int | tf.Tensor = 0
    parts: int = 1

    @property
    def is_first(self) -> bool | tf.Tensor:
        return self.index == 0

    @property
    def is_last(self) -> bool | tf.Tensor:
        return self.index == self.parts - 1


_WHOLE = BatchPart()
_CURRENT = ContextVar("batch_part", default=_WHOLE)


def current_part() -> BatchPart:
    """The part that layers are called with now; outside of `part_of_batch` the whole batch."""
    return _CURRENT.get()


@contextmanager
def part_of_batch(index: int | tf.Tensor, parts: int) -> Iterator[None]:
    """Layers that are called in here are given this part."""
    token = _CURRENT.set(BatchPart(index, parts))
    try:
        yield
    finally:
        _CURRENT.reset(token)
