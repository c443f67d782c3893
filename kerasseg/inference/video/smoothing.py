"""Probabilities averaged over time, so that labels flicker less."""

import math
from dataclasses import replace

import numpy as np

from kerasseg.inference.predictor import Predictor
from kerasseg.inference.result import Prediction


class TimeAverage:
    """The exponential moving average of what a model says of the frames of a video.

    A frame's weight falls to 1/e after `seconds`, whatever the frame rate, and however irregular:
    mean += (1 - exp(-step / seconds)) * (new - mean).
    """

    def __init__(self, predictor: Predictor, *, seconds: float):
        """predictor: one that gives probabilities. seconds: > 0."""
        assert predictor.gives_probabilities
        self._predictor, self._seconds = predictor, seconds
        self._probabilities = self._uncertainty = np.empty(0, np.float32)
        self._time: float | None = None

    def predict(self, image: np.ndarray, *, time: float) -> Prediction:
        """Of one frame, uint8 (H, W, 3), shown `time` seconds after the beginning; after those
        before it, all of one size. Labels and confidence are the arg max and the maximum of the
        mean, its uncertainty the mean of theirs; without variance and probabilities."""
        new = self._predictor.predict(image, probabilities=True)
        assert new.probabilities is not None
        if self._time is None:
            self._probabilities = np.array(new.probabilities, np.float32)
            self._uncertainty = np.array(new.uncertainty, np.float32)
        else:
            weight = np.float32(-math.expm1((self._time - time) / self._seconds))
            for mean, values in (
                (self._probabilities, new.probabilities),
                (self._uncertainty, new.uncertainty),
            ):
                mean += weight * (values - mean)
        self._time = time
        return replace(
            new,
            labels=self._predictor.decide(self._probabilities, self._uncertainty),
            confidence=self._probabilities.max(axis=-1),
            uncertainty=self._uncertainty.copy(),
            variance=None,
            probabilities=None,
        )
