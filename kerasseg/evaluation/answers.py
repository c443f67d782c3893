"""What is scored: the answers of a model, or label PNGs that somebody has written."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of
from kerasseg.data.label_png import read_label, read_png_header
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.files import os_errors
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
    """Label PNGs in the data set's own ids, or in its colours if its labels are drawn in colours.

    The file of a sample is `<name>.png`, else `<name>_labels.png` as `predict` writes it, else the
    one whose name holds that of the sample as a word, as a Cityscapes submission may.
    Raises UserError if a sample has none or several, when the folder is opened.
    """

    def __init__(self, folder: Path, catalog: Catalog, split: str):
        self._table, self._color_table = catalog.label_set.written_table, catalog.color_table
        files = sorted(path for path in Path(folder).rglob("*.png") if path.is_file())
        self._files = {}
        for sample in catalog.splits[split]:
            own = _files_of(sample.name, files)
            if len(own) != 1:
                what = "no PNG" if not own else f"{len(own)} PNGs ({own[0].name}, {own[1].name})"
                raise UserError(f"{folder}: {what} named after {sample.name}, expected one")
            self._files[sample.name] = own[0]

    def __call__(self, sample: Sample) -> Answer:
        path = self._files[sample.name]
        with os_errors(path, "cannot be read"), open(path, "rb") as file:
            header = read_png_header(file)
        kind = None if header is None else header.kind
        in_colors = kind in ("RGB", "RGBA")
        if in_colors and self._color_table is None:
            raise UserError(f"{path}: found {kind}, expected label ids (gray or palette PNG)")
        try:
            labels = read_label(
                path,
                label_encoding="colors" if in_colors else "ids",
                table=self._table,
                color_table=self._color_table,
            )
        except (OSError, SyntaxError, ValueError) as error:
            raise UserError(f"{path}: cannot be decoded ({error})") from None
        if (labels == UNKNOWN).any():
            row, column = np.argwhere(labels == UNKNOWN)[0]
            what = "colour" if in_colors else "label id"
            raise UserError(f"{path}: row {row}, column {column} holds no {what} of the data set")
        return Answer(labels)


def _files_of(name: str, files: Sequence[Path]) -> list[Path]:
    for exact in (name, f"{name}_labels"):
        if own := [path for path in files if path.stem == exact]:
            return own
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
    return [path for path in files if word.search(path.stem)]
