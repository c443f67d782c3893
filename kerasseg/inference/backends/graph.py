"""A serving graph in memory, as a predictor."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasseg.inference.predictor import IMAGE_UNCERTAINTY, Predictor
from kerasseg.inference.tiles import Outputs
from kerasseg.models.serving_graph import ServingGraph
from kerasseg.runs.description import ModelDescription


class GraphPredictor(Predictor):
    """What a run is scored with at its end, and what `evaluate` makes of a run directory."""

    def __init__(self, graph: ServingGraph, description: ModelDescription):
        super().__init__(description)
        self.graph = graph

    @property
    def gives_probabilities(self) -> bool:
        return True

    def compute(self, images: np.ndarray) -> Outputs:
        return _arrays(self.graph.predict(images))

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        return _arrays(self.graph.predict_with_probabilities(images))

    def labels(self, images: np.ndarray) -> np.ndarray:
        """TrainIds uint8 (B, H, W) of a batch uint8 (B, H, W, 3), those of `predict`: in one pass,
        or image by image where they may need tiles."""

        def compute(part: np.ndarray) -> Outputs:
            return {"labels": self.graph.labels(part).numpy()}

        if max(images.shape[1:3]) <= self.description.tile:
            return compute(images)["labels"]
        return np.stack([self._compute_one(compute, image)["labels"] for image in images])


def _arrays(tensors: Mapping[str, Any]) -> Outputs:
    return {name: values.numpy() for name, values in tensors.items() if name != IMAGE_UNCERTAINTY}
