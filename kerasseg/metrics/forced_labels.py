"""What the labels would score if the background were not allowed as an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import Score, ScoredImage
from kerasseg.metrics.undefined import null_if_undefined, read_number


def forced_labels(labels: np.ndarray, probabilities: np.ndarray, *, classes: int) -> np.ndarray:
    """uint8 (H, W): `labels`, but the likeliest of the evaluated classes where they say background.

    probabilities: (H, W, classes + 1), the background's last; of a model without one, no label is
    background and nothing changes.
    """
    forced = labels.copy()
    silent = labels >= classes
    forced[silent] = probabilities[silent][:, :classes].argmax(axis=-1)
    return forced


@dataclass(frozen=True)
class ForcedScores:
    """miou: of forced labels; None for a model without probabilities."""

    miou: float | None

    def to_json(self) -> dict[str, Any]:
        return {"miou_forced": self.miou}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ForcedScores":
        return cls(read_number(data["miou_forced"]))

    def summary(self) -> tuple[Score, ...]:
        name = "mIoU, background not allowed"
        return () if self.miou is None else (Score(name, self.miou, compared=True),)


@dataclass
class ForcedScorer:
    """classes: the evaluated ones."""

    classes: int
    matrix: ConfusionMatrix = field(init=False)

    def __post_init__(self) -> None:
        self.matrix = ConfusionMatrix(self.classes)

    def add(self, image: ScoredImage) -> None:
        if image.probabilities is not None:
            labels = forced_labels(image.labels, image.probabilities, classes=self.classes)
            self.matrix.add(image.truth, labels)

    def scores(self, confusion: ConfusionMatrix) -> ForcedScores:
        return ForcedScores(null_if_undefined(self.matrix.miou))
