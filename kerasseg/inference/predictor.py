"""What all predictors share: images checked, tiled or joined into batches, answers wrapped."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from kerasseg.errors import UserError
from kerasseg.inference.result import Prediction
from kerasseg.inference.tiles import Answers, compute_in_tiles
from kerasseg.labels import LabelSet
from kerasseg.runs.description import Description


class Predictor(ABC):
    """A model that is ready to run, whatever runs it."""

    def __init__(self, description: Description):
        self.description = description

    @property
    def label_set(self) -> LabelSet:
        """The classes that the model tells apart."""
        return self.description.label_set

    @property
    def gives_probabilities(self) -> bool:
        """Whether `compute_with_probabilities` can be called."""
        return False

    @abstractmethod
    def compute(self, images: np.ndarray) -> Answers:
        """One pass over a batch: uint8 (B, H, W, 3) to `labels` uint8, `confidence` and
        `uncertainty` float32, each (B, H, W)."""

    def compute_with_probabilities(self, images: np.ndarray) -> Answers:
        """`compute`, and `probabilities` float32 (B, H, W, outputs)."""
        raise NotImplementedError

    def predict(self, image: np.ndarray, *, probabilities: bool = False) -> Prediction:
        """One image, uint8 (H, W, 3) RGB of any size; a large one in tiles.

        probabilities: with those of all classes, if the model gives them.
        Raises UserError for anything else.
        """
        _check(image)
        what = self.description
        every = probabilities and self.gives_probabilities
        answers = compute_in_tiles(
            self.compute_with_probabilities if every else self.compute,
            image,
            working_size=what.working_size,
            native_size=what.native_size,
            depth=what.depth,
            tile=what.tile,
        )
        return self._prediction(**answers)

    def predict_batch(self, images: Sequence[np.ndarray]) -> list[Prediction]:
        """`predict` of each image, in their order; images of one size are computed together.

        A batch has at most as many pixels as the largest tile.
        """
        by_size: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for index, image in enumerate(images):
            _check(image)
            by_size[image.shape].append(index)
        found: list[Prediction | None] = [None] * len(images)
        for (height, width, _), indices in by_size.items():
            together = self.description.tile**2 // (height * width)
            if together < 2 or max(height, width) > self.description.tile:
                for index in indices:
                    found[index] = self.predict(images[index])
                continue
            for start in range(0, len(indices), together):
                batch = indices[start : start + together]
                answers = self.compute(np.stack([images[index] for index in batch]))
                for place, index in enumerate(batch):
                    found[index] = self._prediction(**{k: v[place] for k, v in answers.items()})
        return found

    def _prediction(
        self,
        *,
        labels: np.ndarray,
        confidence: np.ndarray,
        uncertainty: np.ndarray,
        probabilities: np.ndarray | None = None,
    ) -> Prediction:
        # As in a run's panels, where no scale is known: one wild pixel should not darken the rest.
        scale = self.description.uncertainty_scale or float(np.quantile(uncertainty, 0.995))
        return Prediction(
            labels=labels,
            confidence=confidence,
            uncertainty=uncertainty,
            label_set=self.label_set,
            full_scale=scale or 1.0,
            probabilities=probabilities,
        )


def _check(image: np.ndarray) -> None:
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or 0 in image.shape
    ):
        found = (
            f"{image.dtype} {image.shape}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise UserError(f"image: found {found}, allowed: a uint8 array (height, width, 3), RGB")
