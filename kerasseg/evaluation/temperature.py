"""One number that makes a model's confidence honest: temperature scaling (Guo et al. 2017)."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.inference.predictor import Predictor
from kerasseg.inference.result import Prediction
from kerasseg.labels import VOID
from kerasseg.metrics.calibration import Reliability
from kerasseg.metrics.split_scores import TemperatureFit
from kerasseg.metrics.undefined import null_if_undefined

LOWEST, HIGHEST = 0.05, 20.0
_PIXELS, _PIXELS_IN_ALL = 2000, 500_000


def logarithms(probabilities: np.ndarray) -> np.ndarray:
    """log p: the logits but for a number that is the same for all classes of a pixel."""
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))


def tempered_confidence(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """float32 (…): the largest of softmax(logits / temperature). probabilities: (…, outputs)."""
    logits = logarithms(probabilities)
    shifted = (logits - logits.max(axis=-1, keepdims=True)) / np.float32(temperature)
    return 1.0 / np.exp(shifted).sum(axis=-1)


def fit_temperature(probabilities: np.ndarray, truth: np.ndarray, *, applied: float = 1.0) -> float:
    """The temperature of the logits, 0.05 to 20, that makes the truth likeliest.

    probabilities: (N, outputs) at the temperature `applied`. truth: integers (N,), which of them
    is right.
    """
    logits = logarithms(probabilities).astype(np.float64)
    logits -= logits.max(axis=-1, keepdims=True)
    right = logits[np.arange(len(truth)), truth]

    def negative_log_likelihood(log_temperature: float) -> float:
        scale = np.exp(-log_temperature)
        return float((np.log(np.exp(logits * scale).sum(axis=-1)) - right * scale).mean())

    bounds = (np.log(LOWEST / applied), np.log(HIGHEST / applied))
    minimum = minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded")
    return float(np.exp(minimum.x)) * applied


def read_temperature(text: str) -> float:
    """A number from 0.05 to 20, or a file that `evaluate --temperature --json` wrote.

    Raises UserError for anything else.
    """
    allowed = f"number from {LOWEST} to {HIGHEST}, or a file of evaluate --temperature --json"
    try:
        value = float(text)
    except ValueError:
        try:
            fit = TemperatureFit.from_json(json.loads(Path(text).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            what = f"no key {error}" if isinstance(error, KeyError) else str(error)
            raise UserError(f"--temperature {text}: {what}; allowed: {allowed}") from None
        if fit is None:
            raise UserError(
                f"--temperature {text}: no key 'temperature'; allowed: {allowed}"
            ) from None
        value = fit.value
    if not LOWEST <= value <= HIGHEST:
        raise UserError(f"--temperature: found {value:g}, allowed: {allowed}")
    return value


def calibrate(
    predictor: Predictor, catalog: Catalog, *, split: str, each_image: Callable[[int], None]
) -> TemperatureFit:
    """Fits on every second image of the split, the first among them, and scores on the others.

    Evaluated pixels alone count. For the fit at most 2,000 of an image and 500,000 in all are
    kept, the same ones each time. The errors are of 15 bins. The temperature is that of the net's
    logits, also of an export that has one baked in: what `export --temperature` takes.
    Raises UserError if the model gives no probabilities, or there is nothing to fit or score.
    """
    if not predictor.gives_probabilities:
        raise UserError(
            "--temperature: the model gives no probabilities; take the run or the SavedModel, or "
            "export with --probabilities"
        )
    samples = catalog.splits[split]
    fitted, scored = samples[::2], samples[1::2]
    if not scored:
        raise UserError(f"--temperature: found {len(samples)} image in {split}, at least 2 needed")
    done = 0

    def answers(
        chosen: Sequence[Sample],
    ) -> Iterator[tuple[np.ndarray, Prediction, np.ndarray]]:
        nonlocal done
        for sample in chosen:
            truth = label_of(sample, catalog)
            prediction = predictor.predict(image_of(sample), probabilities=True)
            if prediction.labels.shape != truth.shape:
                raise UserError(f"{sample.name}: image and label differ in size")
            assert prediction.probabilities is not None
            yield truth, prediction, prediction.probabilities
            done += 1
            each_image(done)

    most = max(1, min(_PIXELS, _PIXELS_IN_ALL // len(fitted)))
    kept, kept_truth = [], []
    for index, (truth, _, probabilities) in enumerate(answers(fitted)):
        places = np.flatnonzero(truth != VOID)
        rng = np.random.default_rng(index)
        places = rng.choice(places, min(most, len(places)), replace=False)
        kept.append(probabilities.reshape(truth.size, -1)[places])
        kept_truth.append(truth.ravel()[places])
    if not sum(map(len, kept_truth)):
        raise UserError(f"--temperature: half of {split} holds no labelled pixel to fit on")
    applied = predictor.description.temperature or 1.0
    temperature = fit_temperature(np.concatenate(kept), np.concatenate(kept_truth), applied=applied)
    before, after = Reliability(), Reliability()
    for truth, prediction, probabilities in answers(scored):
        valid = truth != VOID
        right = (prediction.labels == truth)[valid]
        before.add(prediction.confidence[valid], right)
        after.add(tempered_confidence(probabilities[valid], temperature / applied), right)
    return TemperatureFit(
        value=temperature,
        ece_before=null_if_undefined(before.error),
        ece_after=null_if_undefined(after.error),
        images_fitted=len(fitted),
        images_scored=len(scored),
    )
