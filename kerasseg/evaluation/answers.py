"""What is scored: the answers of a model, or label PNGs that somebody has written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of, read_png
from kerasseg.data.label_png import look_up
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.inference.predictor import Predictor
from kerasseg.labels import UNKNOWN, LabelSet
from kerasseg.metrics.uncertainty_scores import uncertainty_scores


@dataclass(frozen=True)
class Answer:
    """labels: uint8 (H, W) trainIds; the background's index or 255 where there is none.

    confidence, uncertainty: float32 (H, W), or None if only labels are known.
    probabilities: float32 (H, W, outputs), the background's last, or None.
    more_scores: further uncertainty scores by name, float32 (H, W) >= 0, high where the labels
    may be wrong.
    """

    labels: np.ndarray
    confidence: np.ndarray | None = None
    uncertainty: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    more_scores: Mapping[str, np.ndarray] = field(default_factory=dict)

    def own_scores(self) -> dict[str, np.ndarray]:
        """The uncertainty scores that follow from the answer; none if only labels are known."""
        if self.confidence is None or self.uncertainty is None:
            return {}
        return uncertainty_scores(
            confidence=self.confidence,
            uncertainty=self.uncertainty,
            probabilities=self.probabilities,
        )


class AnswerSource(Protocol):
    """Gives the answer for a sample."""

    def __call__(self, sample: Sample) -> Answer: ...


def answers_of(
    predictor: Predictor,
    label_set: LabelSet,
    *,
    more: Callable[[np.ndarray], Mapping[str, np.ndarray]] = lambda image: {},
) -> AnswerSource:
    """The answers of a model. more: of an image, uint8 (H, W, 3), `Answer.more_scores`.

    Raises UserError if it tells other classes apart than the data.
    """
    if predictor.label_set.names != label_set.names:
        raise UserError(
            f"the model knows {len(predictor.label_set.names)} classes "
            f"({', '.join(predictor.label_set.names[:3])} ...), the data has "
            f"{len(label_set.names)} ({', '.join(label_set.names[:3])} ...)"
        )

    def answer(sample: Sample) -> Answer:
        image = image_of(sample)
        prediction = predictor.predict(image, probabilities=True)
        return Answer(
            labels=prediction.labels,
            confidence=prediction.confidence,
            uncertainty=prediction.uncertainty,
            probabilities=prediction.probabilities,
            more_scores=more(image),
        )

    return answer


class PngAnswers:
    """Label PNGs in the data set's own ids, one a sample, its name within theirs.

    Raises UserError if a sample has none or several, when the folder is opened.
    """

    def __init__(self, folder: Path, catalog: Catalog, split: str):
        self._label_set = catalog.label_set
        names = sorted(path for path in Path(folder).rglob("*.png") if path.is_file())
        self._files = {}
        for sample in catalog.splits[split]:
            own = [path for path in names if sample.name in path.stem]
            if len(own) != 1:
                what = "no PNG" if not own else f"{len(own)} PNGs ({own[0].name}, {own[1].name})"
                raise UserError(f"{folder}: {what} named after {sample.name}, expected one")
            self._files[sample.name] = own[0]

    def __call__(self, sample: Sample) -> Answer:
        path = self._files[sample.name]
        ids = read_png(path)
        if ids.ndim != 2 or ids.dtype != np.uint8:
            raise UserError(f"{path}: found {ids.dtype} {ids.shape}, expected 8-bit label ids")
        labels = look_up(ids, self._label_set.table)
        if (labels == UNKNOWN).any():
            raise UserError(f"{path}: holds {ids[labels == UNKNOWN][0]}, which is no label id")
        return Answer(labels)
