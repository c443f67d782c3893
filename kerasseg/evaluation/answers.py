"""What is scored: answers, and where those of a model come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from kerasseg.data.contents import image_of
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.inference.predictor import Predictor
from kerasseg.labels import LabelSet
from kerasseg.metrics.uncertainty_scores import uncertainty_scores


@dataclass(frozen=True)
class Answer:
    """labels: uint8 (H, W) trainIds; the background's index or 255 where there is none.

    confidence, uncertainty: float32 (H, W), or None if only labels are known.
    probabilities: float32 (H, W, outputs), the background's last, or None.
    more_scores: further uncertainty scores by name, float32 (H, W) >= 0, high where the labels
    may be wrong. variance: float32 (H, W) >= 0, of models that give it.
    """

    labels: np.ndarray
    confidence: np.ndarray | None = None
    uncertainty: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    more_scores: Mapping[str, np.ndarray] = field(default_factory=dict)
    variance: np.ndarray | None = None

    def own_scores(self) -> dict[str, np.ndarray]:
        """The uncertainty scores that follow from the answer; none if only labels are known."""
        if self.confidence is None or self.uncertainty is None:
            return {}
        return uncertainty_scores(
            confidence=self.confidence,
            uncertainty=self.uncertainty,
            variance=self.variance,
            probabilities=self.probabilities,
        )


class AnswerSource(Protocol):
    """Gives the answer for a sample."""

    def __call__(self, sample: Sample) -> Answer: ...


def check_classes(predictor: Predictor, label_set: LabelSet) -> None:
    """Raises UserError if the model tells other classes apart than the data."""
    if predictor.label_set.names != label_set.names:
        raise UserError(
            f"the model knows {len(predictor.label_set.names)} classes "
            f"({', '.join(predictor.label_set.names[:3])} ...), the data has "
            f"{len(label_set.names)} ({', '.join(label_set.names[:3])} ...)"
        )


def answers_of(
    predictor: Predictor,
    label_set: LabelSet,
    *,
    more: Callable[[np.ndarray], Mapping[str, np.ndarray]] = lambda image: {},
) -> AnswerSource:
    """The answers of a model. more: of an image, uint8 (H, W, 3), `Answer.more_scores`.

    Raises UserError if it tells other classes apart than the data.
    """
    check_classes(predictor, label_set)

    def answer(sample: Sample) -> Answer:
        image = image_of(sample)
        prediction = predictor.predict(image, probabilities=True)
        return Answer(
            labels=prediction.labels,
            confidence=prediction.confidence,
            uncertainty=prediction.uncertainty,
            variance=prediction.variance,
            probabilities=prediction.probabilities,
            more_scores=more(image),
        )

    return answer
