"""What a model's own data says of its probabilities: how to temper them, and where to give up.

Half of the images, every second one with the first among them, is fitted on, the other half scored.
Evaluated pixels alone count; at most 2,000 of an image and 500,000 in all are kept, the same ones
each time.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.samples import Sample, take_evenly
from kerasseg.errors import UserError
from kerasseg.evaluation.temperature import fit_temperature, tempered
from kerasseg.inference.predictor import Predictor
from kerasseg.labels import VOID
from kerasseg.metrics.calibration import Reliability
from kerasseg.metrics.split_scores import TemperatureFit
from kerasseg.metrics.undefined import null_if_undefined

_PIXELS, _PIXELS_IN_ALL = 2000, 500_000
MOST_IMAGES = 200  # that an export is calibrated on: minutes at the size of Cityscapes


@dataclass(frozen=True)
class UnlabelledFit:
    """above: threshold on the uncertainty, 0…1. asked: share of the labelled pixels above it, over
    all images. given_up: that share of one half above the threshold of the other."""

    above: float
    asked: float
    given_up: float
    images: int


@dataclass(frozen=True)
class Calibration:
    """temperature: > 0. fit: where it comes from, or None if it was given. unlabelled: or None if
    no pixel is to be left out for its uncertainty."""

    temperature: float
    fit: TemperatureFit | None = None
    unlabelled: UnlabelledFit | None = None

    @property
    def unlabelled_above(self) -> float | None:
        return None if self.unlabelled is None else self.unlabelled.above


@dataclass(frozen=True)
class _Half:
    """Kept pixels: probabilities (N, outputs) float32 that sum to 1, uncertainty (N,), truth (N,)
    trainIds."""

    probabilities: np.ndarray
    uncertainty: np.ndarray
    truth: np.ndarray

    def error(self, *, temperature: float = 1.0) -> float | None:
        """Expected calibration error of 15 bins, the logits divided by `temperature`."""
        reliability = Reliability()
        probabilities = tempered(self.probabilities, temperature)
        right = probabilities.argmax(axis=-1) == self.truth
        reliability.add(probabilities.max(axis=-1), right)
        return null_if_undefined(reliability.error)


def calibrate(
    predictor: Predictor, catalog: Catalog, *, split: str, each_image: Callable[[int], None]
) -> TemperatureFit:
    """The temperature that makes the truth likeliest, and the calibration error with and without.

    It is that of the net's logits, also of an export that has one baked in: what
    `export --temperature` takes. Raises UserError if the model gives no probabilities, or there
    is nothing to fit or score.
    """
    if not predictor.gives_probabilities:
        raise UserError(
            "--temperature: the model gives no probabilities; take the run or the SavedModel, or "
            "export with --probabilities"
        )
    samples = catalog.splits[split]
    if len(samples) < 2:
        raise UserError(f"--temperature: found {len(samples)} image in {split}, at least 2 needed")
    halves = _halves(predictor, catalog, samples, split, each_image)
    return _fit(predictor, *halves, images=len(samples))


def calibrate_export(
    predictor_at: Callable[[float], Predictor],
    catalog: Catalog,
    *,
    temperature: float | None,
    unlabelled: float,
    progress: Callable[[str, int], AbstractContextManager[Callable[[int], None]]],
) -> Calibration:
    """On the validation split, or MOST_IMAGES of it, evenly spread.

    predictor_at: a temperature to the predictor of the run. temperature: None = fitted; of a split
    with one image it is 1. unlabelled: share of the labelled pixels, 0…1, that may be given up; 0 =
    none; it takes a second pass. progress: see `terminal.progress_bar`. Raises UserError if there
    are too few images to tell.
    """
    samples = take_evenly(catalog.splits["val"], MOST_IMAGES, with_last=True)
    if len(samples) < 2:
        if unlabelled:
            raise UserError("--unlabelled: found 1 image in val, at least 2 needed")
        return Calibration(temperature or 1.0)
    fit = None
    if temperature is None:
        predictor = predictor_at(1.0)
        with progress("fitting the temperature", len(samples)) as each_image:
            halves = _halves(predictor, catalog, samples, "val", each_image)
        fit = _fit(predictor, *halves, images=len(samples))
        temperature = fit.value
    if not unlabelled:
        return Calibration(temperature, fit)
    predictor = predictor_at(temperature)
    with progress("fitting the threshold", len(samples)) as each_image:
        halves = _halves(predictor, catalog, samples, "val", each_image)
    ours, others = (half.uncertainty for half in halves)
    both = _above(np.concatenate([ours, others]), unlabelled)
    given_up = float((others > _above(ours, unlabelled)).mean())
    return Calibration(temperature, fit, UnlabelledFit(both, unlabelled, given_up, len(samples)))


def _above(uncertainty: np.ndarray, share: float) -> float:
    """The lowest of the values (N,) that at most `share` of them are above."""
    return float(np.quantile(uncertainty, 1 - share, method="higher"))


def _fit(predictor: Predictor, fitted: _Half, scored: _Half, *, images: int) -> TemperatureFit:
    applied = predictor.description.temperature or 1.0
    value = fit_temperature(fitted.probabilities, fitted.truth, applied=applied)
    return TemperatureFit(
        value=value,
        ece_before=scored.error(),
        ece_after=scored.error(temperature=value / applied),
        images_fitted=images - images // 2,
        images_scored=images // 2,
    )


def _halves(
    predictor: Predictor,
    catalog: Catalog,
    samples: Sequence[Sample],
    split: str,
    each_image: Callable[[int], None],
) -> tuple[_Half, _Half]:
    """Raises UserError for a label that does not fit its image, and a half without labels."""
    most = max(1, min(_PIXELS, _PIXELS_IN_ALL // len(samples)))
    halves: tuple[list, list] = ([], [])
    for index, sample in enumerate(samples):
        truth = label_of(sample, catalog)
        found = predictor.predict(image_of(sample), probabilities=True)
        if found.labels.shape != truth.shape:
            raise UserError(f"{sample.name}: image and label differ in size")
        assert found.probabilities is not None
        places = np.flatnonzero(truth != VOID)
        rng = np.random.default_rng(index)
        places = rng.choice(places, min(most, len(places)), replace=False)
        probabilities = found.probabilities.reshape(truth.size, -1)[places]
        kept = (probabilities, found.uncertainty.ravel()[places], truth.ravel()[places])
        halves[index % 2].append(kept)
        each_image(index + 1)
    first, second = (
        _Half(*(np.concatenate(column) for column in zip(*half, strict=True))) for half in halves
    )
    if not (len(first.truth) and len(second.truth)):
        raise UserError(f"--temperature: half of {split} holds no labelled pixel to fit on")
    return first, second
