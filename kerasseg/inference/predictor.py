"""What all predictors share: images checked and, if large, tiled; outputs wrapped."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from kerasseg.errors import UserError
from kerasseg.inference.result import Prediction
from kerasseg.inference.tiles import Outputs, compute_in_tiles
from kerasseg.labels import VOID, LabelSet
from kerasseg.runs.description import ModelDescription

# An output of the files that is made anew here: the mean over an image is not that over its tiles.
IMAGE_UNCERTAINTY = "image_uncertainty"


class Predictor(ABC):
    """A model that is ready to run, whatever runs it."""

    def __init__(self, description: ModelDescription):
        self.description = description

    @property
    def label_set(self) -> LabelSet:
        """The classes that the model tells apart."""
        return self.description.label_set

    @property
    def gives_probabilities(self) -> bool:
        """Whether `compute_with_probabilities` can be called."""
        return False

    @property
    def memory_advice(self) -> str:
        """What lowers the memory that an image takes, for the error that it was too much."""
        if self.description.scale is not None and self.description.reach is not None:
            return "a smaller serving.tile needs less"
        # Without a fixed scale, or with a net that sees the whole image, there are no tiles.
        return (
            "a smaller image needs less, and so do tiles: serving.scale with serving.tile, "
            "and an encoder of limited reach"
        )

    @property
    def nodes(self) -> dict[str, int]:
        """{ONNX Runtime's name of a provider: nodes of the graph that it computes}.

        Empty where something else computes, and where ONNX Runtime does not tell (before 1.24).
        """
        return {}

    @abstractmethod
    def compute(self, images: np.ndarray) -> Outputs:
        """One pass over a batch: uint8 (B, H, W, 3) to `labels` uint8, `confidence`,
        `uncertainty` and, of some models, `variance` float32, each (B, H, W)."""

    def compute_with_probabilities(self, images: np.ndarray) -> Outputs:
        """`compute`, and `probabilities` float32 (B, H, W, outputs)."""
        raise NotImplementedError

    def predict(self, image: np.ndarray, *, probabilities: bool = False) -> Prediction:
        """One image, uint8 (H, W, 3) RGB of any size; where the scale is fixed, a large one
        in tiles.

        probabilities: with those of all classes, if the model gives them.
        Raises UserError for anything else.
        """
        check_image(image)
        with_probabilities = probabilities and self.gives_probabilities
        compute = self.compute_with_probabilities if with_probabilities else self.compute
        return self._prediction(**self._compute_one(compute, image))

    def decide(self, probabilities: np.ndarray, uncertainty: np.ndarray) -> np.ndarray:
        """Labels, uint8 (H, W), by the model's own rule, of what is a mean over several passes.

        probabilities: float32 (H, W, outputs). uncertainty: float32 (H, W).
        """
        threshold, background = self.description.unlabelled_above, self.label_set.background_id
        if threshold is None:
            return probabilities.argmax(axis=-1).astype(np.uint8)
        labels = probabilities[..., :background].argmax(axis=-1).astype(np.uint8)
        labels[uncertainty > np.float32(threshold)] = VOID if background is None else background
        return labels

    def compute_view(self, image: np.ndarray, *, flip: bool) -> Outputs:
        """`compute_with_probabilities` of one image, uint8 (H, W, 3), in tiles as `predict` does,
        without the axis of the batch. flip: of its mirror image, the answer mirrored back."""
        view = np.ascontiguousarray(image[:, ::-1]) if flip else image
        outputs = self._compute_one(self.compute_with_probabilities, view)
        return {name: values[:, ::-1] for name, values in outputs.items()} if flip else outputs

    def _compute_one(self, compute: Callable[[np.ndarray], Outputs], image: np.ndarray) -> Outputs:
        """What `compute` of a batch says of one image, without the axis of the batch."""
        description = self.description
        ratio = description.working_scale.ratio
        if ratio is None:
            # The scale follows from the size of what the graph is given: a part of the image
            # would be seen at another one than the image.
            return {name: values[0] for name, values in compute(image[None]).items()}
        return compute_in_tiles(
            compute,
            image,
            working_size=(ratio.numerator, ratio.numerator),
            native_size=(ratio.denominator, ratio.denominator),
            stride=description.stride,
            reach=description.reach,
            tile=description.tile,
        )

    def _prediction(
        self,
        *,
        labels: np.ndarray,
        confidence: np.ndarray,
        uncertainty: np.ndarray,
        variance: np.ndarray | None = None,
        probabilities: np.ndarray | None = None,
    ) -> Prediction:
        return Prediction(
            labels=labels,
            confidence=confidence,
            uncertainty=uncertainty,
            label_set=self.label_set,
            unlabelled_above=self.description.unlabelled_above,
            variance=variance,
            probabilities=probabilities,
        )


def check_image(image: np.ndarray) -> None:
    """Raises UserError for anything but uint8 (H, W, 3) with pixels."""
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
        or 0 in image.shape
    ):
        kind = (
            f"{image.dtype} {image.shape}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise UserError(f"image: found {kind}, allowed: a uint8 array (height, width, 3), RGB")
