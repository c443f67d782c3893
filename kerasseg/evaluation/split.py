"""Scores of a split at native size, image by image: the official ones of Cityscapes among them."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import (
    INSTANCE_END,
    UNKNOWN_END,
    companion,
    label_of,
)
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.evaluation.answers import Answer, AnswerSource, PngAnswers
from kerasseg.metrics.boundaries import BoundaryScores
from kerasseg.metrics.categories import category_iou
from kerasseg.metrics.confusion import ConfusionMatrix, image_scores, scores
from kerasseg.metrics.instances import InstanceScores
from kerasseg.metrics.pixel_scores import PixelScores
from kerasseg.metrics.uncertainty_scores import forced_labels, uncertainty_scores, unknown_scores
from kerasseg.metrics.undefined import null_if_undefined


def evaluate_split(
    answers: AnswerSource,
    catalog: Catalog,
    *,
    split: str,
    each_image: Callable[[int], None],
    boundaries: bool = False,
) -> dict:
    """The content of `metrics.json`, and where the data allows it categories and instances.

    boundaries: also the scores at edges, which take seconds for a large image.
    Of a model also calibration, and how well its scores find errors and unknown things.
    each_image: called with the number of images done. Nothing of an image is kept.
    """
    label_set = catalog.label_set
    classes = label_set.num_classes
    matrix, forced = ConfusionMatrix(classes), ConfusionMatrix(classes)
    instances = InstanceScores(label_set.names, label_set.ids, label_set.categories)
    edges = BoundaryScores(classes) if boundaries else None
    counted, pixels, images = 0, None, []

    def read(sample: Sample) -> tuple[np.ndarray, np.ndarray | None, Answer | None]:
        answer = answers(sample) if isinstance(answers, PngAnswers) else None
        return label_of(sample, catalog), companion(sample, INSTANCE_END), answer

    for done, (sample, given) in enumerate(_read_ahead(read, catalog.splits[split]), start=1):
        truth, objects, answer = given
        answer = answer or answers(sample)
        labels = answer.labels
        if labels.shape != truth.shape:
            raise UserError(
                f"{sample.name}: the answer has {labels.shape[0]} x {labels.shape[1]} pixels, the "
                f"label {truth.shape[0]} x {truth.shape[1]}"
            )
        images.append(image_scores(sample.name, matrix.add(truth, labels)))
        if answer.probabilities is not None:
            forced.add(truth, forced_labels(labels, answer.probabilities, classes=classes))
        if edges is not None:
            edges.add(truth, labels)
        if objects is not None:
            instances.add(objects, labels)
            counted += 1
        if answer.confidence is not None:
            pixels = pixels or PixelScores()
            mask = companion(sample, UNKNOWN_END)
            _add_pixels(
                pixels,
                truth,
                answer,
                unknown=None if mask is None else mask > 0,
                background_id=label_set.background_id,
            )
        each_image(done)
    found = scores(matrix, names=label_set.names, split=split)
    found["miou_forced"] = null_if_undefined(forced.miou)
    found["each_image"] = images
    if label_set.categories:
        found["categories"] = _present(category_iou(matrix, label_set.categories))
        found["miou_categories"] = _mean(found["categories"])
    if counted == len(catalog.splits[split]):
        iou = _present(instances.iou(matrix))
        of_classes = {name: iou.pop(name) for name in label_set.names if name in iou}
        found["iiou"], found["miiou"] = of_classes, _mean(of_classes)
        found["categories_iiou"], found["miiou_categories"] = iou, _mean(iou)
    if edges is not None:
        found |= edges.to_json()
    if pixels is not None:
        found |= pixels.to_json()
    return found


def _read_ahead(read: Callable, samples: Sequence[Sample], *, threads: int = 2) -> Iterator:
    """(sample, read(sample)) in order; a few images are decoded while one is scored."""
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        for sample in samples:
            waiting.append((sample, pool.submit(read, sample)))
            if len(waiting) > threads:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


def _add_pixels(
    pixels: PixelScores,
    truth: np.ndarray,
    answer: Answer,
    *,
    unknown: np.ndarray | None,
    background_id: int | None,
) -> None:
    probabilities = answer.probabilities
    own = uncertainty_scores(
        confidence=answer.confidence,
        uncertainty=answer.uncertainty,
        probabilities=probabilities,
    )
    pixels.add(
        truth=truth,
        labels=answer.labels,
        confidence=answer.confidence,
        scores={**own, **answer.more_scores},
        unknown=unknown,
        unknown_scores=unknown_scores(probabilities, background_id=background_id),
    )


def _present(values: dict[str, float]) -> dict[str, float | None]:
    return {name: null_if_undefined(value) for name, value in values.items()}


def _mean(values: dict[str, float | None]) -> float | None:
    present = [value for value in values.values() if value is not None]
    return float(np.mean(present)) if present else None
