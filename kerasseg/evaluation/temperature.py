"""One number that makes a model's confidence honest: temperature scaling (Guo et al. 2017)."""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from kerasseg.errors import UserError
from kerasseg.metrics.split_scores import TemperatureFit

LOWEST, HIGHEST = 0.05, 20.0


def logarithms(probabilities: np.ndarray) -> np.ndarray:
    """log p: the logits but for a number that is the same for all classes of a pixel."""
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(logits / temperature), float32 (…, outputs), of the softmax of the logits."""
    logits = logarithms(probabilities)
    powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / np.float32(temperature))
    return powers / powers.sum(axis=-1, keepdims=True)


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
