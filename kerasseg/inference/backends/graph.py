"""A serving graph in memory, as a predictor."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseg.inference.fixed_size import FixedSizePredictor, NetAnswers, Size
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


class GraphAtOneSize(FixedSizePredictor):
    """The net of a serving graph, asked at one size: what files of that size are held to."""

    def __init__(self, graph: ServingGraph, description: ModelDescription, *, size: Size):
        super().__init__(description, size=size)
        image = tf.TensorSpec([1, *size, 3], tf.float32)
        self._net = tf.function(graph.net_answers, input_signature=[image], autograph=False)

    def net(self, image: np.ndarray) -> NetAnswers:
        logits, spread = (v[0].numpy() for v in self._net(image[None].astype(np.float32)))
        return np.ascontiguousarray(np.moveaxis(logits, -1, 0)), spread[..., 0]


def _arrays(tensors: Mapping[str, Any]) -> Outputs:
    return {name: values.numpy() for name, values in tensors.items() if name != IMAGE_UNCERTAINTY}
