"""Photos with things that no class covers: do a model's uncertainty scores find them?"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.data.exif import UPRIGHT
from kerasseg.data.image_file import SUFFIXES, read_photo
from kerasseg.data.left_out import files_left_out
from kerasseg.data.samples import Sample, visible_files
from kerasseg.errors import UserError
from kerasseg.evaluation.answers import AnswerSource
from kerasseg.labels import LabelSet
from kerasseg.metrics.uncertainty_scores import unknown_scores
from kerasseg.metrics.unknown_detection import UnknownDetectionScorer, UnknownDetectionScores

_END = "_labels.png"


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
) -> UnknownDetectionScores:
    """Of each score over all pixels, those of a mask that are not 0 against the others.

    Raises UserError for a mask that does not fit.
    """
    scorer = UnknownDetectionScorer()
    for done, sample in enumerate(samples, start=1):
        mask, answer = _mask(sample.label), answers(sample)
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
        scorer.add_scores(scores, unknown=mask, asked=np.ones_like(mask))
        each_image(done)
    scores_of_all = scorer.scores()
    assert scores_of_all is not None, "no photos"
    return scores_of_all


def _mask(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as file:
            pixels = np.asarray(file)
    except OSError as error:
        raise UserError(f"{path}: cannot be decoded ({error})") from error
    if pixels.ndim != 2:
        raise UserError(f"{path}: found {pixels.shape}, expected one channel")
    return pixels != 0
