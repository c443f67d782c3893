"""Photos with things that no class covers: do a model's uncertainty scores find them?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from kerasseg.data.exif import UPRIGHT
from kerasseg.data.image_file import SUFFIXES, read_photo
from kerasseg.data.left_out import files_left_out
from kerasseg.data.samples import Sample, visible_files
from kerasseg.errors import UserError
from kerasseg.evaluation.answers import AnswerSource
from kerasseg.evaluation.split import fitted_first
from kerasseg.labels import LabelSet
from kerasseg.metrics.scorer import Score
from kerasseg.metrics.uncertainty_scores import unknown_scores
from kerasseg.metrics.unknown_detection import UnknownDetectionScorer, UnknownDetectionScores
from kerasseg.metrics.unknown_objects import UnknownObjectScorer, UnknownObjectScores
from kerasseg.metrics.unlabelled import UnlabelledScorer, UnlabelledScores, likeliest_known

_END = "_labels.png"


@dataclass(frozen=True)
class AnomalyScores:
    """Of photos with unknown things, under the keys that a split has for them."""

    unknown: UnknownDetectionScores
    unknown_objects: UnknownObjectScores | None
    unlabelled: UnlabelledScores | None

    def to_json(self) -> dict[str, Any]:
        parts = (self.unknown, self.unknown_objects, self.unlabelled)
        return {key: v for part in parts if part is not None for key, v in part.to_json().items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AnomalyScores":
        """Raises KeyError, TypeError or ValueError for anything else."""
        unknown = UnknownDetectionScores.from_json(data)
        if unknown is None:
            raise KeyError("unknown")
        return cls(unknown, UnknownObjectScores.from_json(data), UnlabelledScores.from_json(data))

    def summary(self) -> tuple[Score, ...]:
        parts = (self.unknown, self.unknown_objects, self.unlabelled)
        return tuple(s for part in parts if part is not None for s in part.summary("anomaly"))


def find_anomalies(folder: Path) -> tuple[Sample, ...]:
    """Pairs `<stem>.jpg` (or another image) and `<stem>_labels.png` in `folder`, by name.

    Raises UserError if there are none, or a mask has no image or several.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"--anomalies {folder}: no such folder")
    images: dict[str, list[Path]] = {}
    for path in visible_files(folder, *SUFFIXES):
        if not path.name.endswith(_END):
            images.setdefault(path.stem, []).append(path)
    samples = []
    for mask in sorted(visible_files(folder, _END)):
        stem = mask.name.removesuffix(_END)
        own = images.get(stem, [])
        if len(own) != 1:
            raise UserError(f"{mask}: found {len(own)} images named {stem}, expected one")
        samples.append(Sample(stem, own[0], mask))
    if not samples:
        raise UserError(f"--anomalies {folder}: no masks there, expected <name>{_END}")
    return tuple(samples)


def unused_files(folder: Path, samples: tuple[Sample, ...]) -> list[Path]:
    """What is visible in `folder` beside `samples`; photos without a mask first."""
    unused = files_left_out(samples, [Path(folder)])
    return sorted(unused, key=lambda path: (path.suffix.lower() not in SUFFIXES, path))


def evaluate_anomalies(
    answers: AnswerSource,
    samples: tuple[Sample, ...],
    label_set: LabelSet,
    *,
    each_image: Callable[[int], None],
) -> AnomalyScores:
    """Of each score over all pixels, those of a mask that are not 0 against the others.

    Thresholds are fitted on every second photo, the first among them, and scored on the others.
    Raises UserError for a mask that does not fit, or if there is nothing on any.
    """
    pixels, objects, unlabelled = (
        UnknownDetectionScorer(),
        UnknownObjectScorer(),
        UnlabelledScorer(0),
    )
    for done, (place, sample) in enumerate(fitted_first(samples), start=1):
        mask, answer = read_mask(sample.label), answers(sample)
        if mask.shape != answer.labels.shape:
            _, orientation = read_photo(sample.image)
            turned = "" if orientation == UPRIGHT else f", turned by EXIF orientation {orientation}"
            raise UserError(
                f"{sample.label}: found {mask.shape} pixels, the image has {answer.labels.shape}"
                f"{turned}"
            )
        scores = {
            **answer.own_scores(),
            **unknown_scores(answer.probabilities, background_id=label_set.background_id),
            **answer.more_scores,
        }
        everything, fitted = np.ones_like(mask), place % 2 == 0
        pixels.add_scores(scores, unknown=mask, asked=everything)
        objects.add_scores(scores, unknown=mask, asked=everything, fitted=fitted)
        unlabelled.add_scores(
            scores,
            labels=answer.labels,
            likeliest=likeliest_known(answer.probabilities, classes=label_set.num_classes),
            classes=label_set.num_classes,
            known=~mask,
            unknown=mask,
            truth=None,
            fitted=fitted,
        )
        each_image(done)
    found = pixels.scores()
    if found is None:
        raise UserError(f"{samples[0].label.parent}: found only 0 in {len(samples)} masks")
    return AnomalyScores(found, objects.scores(), unlabelled.scores())


def read_mask(path: Path) -> np.ndarray:
    """bool (H, W), where the file is not 0. Raises UserError if it is no picture of one channel."""
    try:
        with Image.open(path) as file:
            pixels = np.asarray(file)
    except OSError as error:
        raise UserError(f"{path}: cannot be decoded ({error})") from error
    if pixels.ndim != 2:
        raise UserError(f"{path}: found {pixels.shape}, expected one channel")
    return pixels != 0
