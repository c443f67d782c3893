"""Chance: the few draws that the pictures need, from one PCG64 stream an image."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")


class Dice:
    """Random numbers of one image; the stream depends on nothing but `key`.

    key: ints >= 0, here (seed, split, image).
    """

    def __init__(self, key: Sequence[int]) -> None:
        self.generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(list(key))))

    def chance(self, probability: float) -> bool:
        return self.generator.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.generator.random()

    def count(self, low: int, high: int) -> int:
        """An int from low to high, both included."""
        return low + int(self.generator.random() * (high - low + 1))

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.generator.random() * len(items))]

    def sign(self) -> int:
        return 1 if self.chance(0.5) else -1
