"""A split at native size, image by image, through every metric of the table.

While one image is scored, its metrics side by side, the model answers for the next. Every metric
sees the images one after the other: the scores are those of a plain loop, to the bit. First come
those on which thresholds are fitted, every second of the split, then those scored with them.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import INSTANCE_END, UNKNOWN_END, companion, label_of
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.evaluation import METRICS
from kerasseg.evaluation.answers import Answer, AnswerSource
from kerasseg.evaluation.png_answers import PngAnswers
from kerasseg.labels import LabelSet
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import ScoredImage
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.metrics.uncertainty_scores import unknown_scores

_ALONE = 64 * 2**20  # numbers of an answer; more of them are 256 MiB


def fitted_first(samples: Sequence[Sample]) -> list[tuple[int, Sample]]:
    """(place in `samples`, sample): the even places, then the odd ones."""
    numbered = list(enumerate(samples))
    return numbered[::2] + numbered[1::2]


def evaluate_split(
    answers: AnswerSource,
    catalog: Catalog,
    *,
    split: str,
    each_image: Callable[[int], None],
    boundaries: bool = False,
) -> SplitScores:
    """What every metric of METRICS finds, as far as the data set and the answers allow it.

    boundaries: also the slow metrics, those at edges, which take seconds for a large image.
    each_image: called with the number of images done. Nothing of an image is kept.
    Raises UserError for an answer that does not fit its label, or a file that cannot be read.
    """
    label_set, samples = catalog.label_set, catalog.splits[split]
    matrix = ConfusionMatrix(label_set.num_classes)
    scorers = {
        name: metric.start(label_set)
        for name, metric in METRICS.items()
        if boundaries or not metric.slow
    }
    with ThreadPoolExecutor(1) as behind, ThreadPoolExecutor(os.cpu_count()) as pool:

        def score(make: Callable[[], ScoredImage]) -> None:
            image = make()
            matrix.merge(image.confusion)
            list(pool.map(lambda scorer: scorer.add(image), scorers.values()))

        waiting: Future | None = None
        ordered = fitted_first(samples)
        for done, (make, values) in enumerate(_scored_images(answers, catalog, ordered)):
            if waiting is not None:
                waiting.result()
                each_image(done)
            waiting = behind.submit(score, make)
            if values > _ALONE:
                waiting.result()  # two such images at a time would take gigabytes
        if waiting is not None:
            waiting.result()
            each_image(len(samples))
    measured: dict[str, Any] = {name: scorer.scores(matrix) for name, scorer in scorers.items()}
    return SplitScores(split=split, images=len(samples), **measured)


def _scored_images(
    answers: AnswerSource, catalog: Catalog, samples: Sequence[tuple[int, Sample]]
) -> Iterator[tuple[Callable[[], ScoredImage], int]]:
    """What makes each image for the metrics, and how many numbers its answer holds."""
    # Label PNGs are read ahead, too; a model answers when its turn comes.
    given: Callable[[Sample], Answer | None] = (
        answers if isinstance(answers, PngAnswers) else lambda sample: None
    )

    def read(
        numbered: tuple[int, Sample],
    ) -> tuple[np.ndarray, np.ndarray | None, Answer | None]:
        _, sample = numbered
        return label_of(sample, catalog), companion(sample, INSTANCE_END), given(sample)

    for (place, sample), (truth, instances, answer) in _read_ahead(read, samples):
        answer = answer or answers(sample)
        if answer.labels.shape != truth.shape:
            height, width = answer.labels.shape
            raise UserError(
                f"{sample.name}: the answer has {height} x {width} pixels, the label "
                f"{truth.shape[0]} x {truth.shape[1]}"
            )
        values = answer.labels.size if answer.probabilities is None else answer.probabilities.size
        yield partial(_scored, sample, place, truth, instances, answer, catalog.label_set), values


def _scored(
    sample: Sample,
    place: int,
    truth: np.ndarray,
    instances: np.ndarray | None,
    answer: Answer,
    label_set: LabelSet,
) -> ScoredImage:
    mask = None if answer.confidence is None else companion(sample, UNKNOWN_END)
    return ScoredImage(
        classes=label_set.num_classes,
        truth=truth,
        labels=answer.labels,
        name=sample.name,
        confidence=answer.confidence,
        probabilities=answer.probabilities,
        uncertainty_scores={**answer.own_scores(), **answer.more_scores},
        unknown_scores=unknown_scores(answer.probabilities, background_id=label_set.background_id),
        instances=instances,
        unknown=None if mask is None else mask > 0,
        place=place,
    )


def _read_ahead(read: Callable, samples: Sequence, *, threads: int = 2) -> Iterator:
    """(sample, read(sample)) in order; a few images are decoded while one is scored."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Any, Future]] = deque()
        for sample in samples:
            waiting.append((sample, pool.submit(read, sample)))
            if len(waiting) > threads:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()
