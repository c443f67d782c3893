"""Cross entropy, weighted up at boundaries and by class.

Source: "Semantic Segmentation …when weights and uncertainties are good".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import keras
import tensorflow as tf

from kerasseg.config import LossConfig
from kerasseg.losses.boundary_weight import boundary_weight
from kerasseg.losses.term import LabelContext, NetOutputs, Targets, train_ids


@keras.saving.register_keras_serializable("kerasseg")
class WeightedCrossEntropy(keras.losses.Loss):
    """Softmax cross entropy whose pixels weigh more at object boundaries and for rare classes.

    Args:
        boundary_weight: Weight of a pixel at a boundary, >= 0; elsewhere it is 1.
        boundary_mode: `"outer"` or `"thick"`, as scikit-image's `find_boundaries` has it.
        boundary_width: Width of the boundary in pixels, >= 1.
        class_weights: One weight for each output channel, or `None`.
        background_id: The output channel that void pixels train. `None`: they are left out, with
            a weight of 0; the mean still goes over all pixels.
        reduction: As in `keras.losses.Loss`.
        name: As in `keras.losses.Loss`.

    Returns:
        A loss to be called with `y_true`, trainIds of shape `(B, H, W)` with 255 for void, and
        `y_pred`, logits of shape `(B, H, W, C)`. In nats.

    Example:

    >>> import kerasseg, numpy as np
    >>> loss = kerasseg.losses.WeightedCrossEntropy(boundary_weight=1.0, background_id=2)
    >>> labels = np.array([[[0, 1, 255]]])
    >>> round(float(loss(labels, np.zeros((1, 1, 3, 3)))), 4)  # log 3
    1.0986
    """

    def __init__(
        self,
        *,
        boundary_weight: float = 2.0,
        boundary_mode: str = "outer",
        boundary_width: int = 1,
        class_weights: Sequence[float] | None = None,
        background_id: int | None = None,
        reduction: str = "sum_over_batch_size",
        name: str = "weighted_cross_entropy",
    ):
        super().__init__(reduction=reduction, name=name)
        self.boundary_weight = boundary_weight
        self.boundary_mode = boundary_mode
        self.boundary_width = boundary_width
        self.class_weights = None if class_weights is None else tuple(map(float, class_weights))
        self.background_id = background_id

    def call(self, y_true, y_pred):
        targets = LabelContext(self.background_id).targets(train_ids(y_true))
        return self.of_targets(targets, tf.convert_to_tensor(y_pred))

    def of_targets(self, targets: Targets, logits: tf.Tensor) -> tf.Tensor:
        """float32 (B, H, W): the weighted cross entropy of every pixel."""
        weight = targets.valid
        if self.boundary_weight != 1.0:
            weight *= boundary_weight(
                targets.label,
                k=self.boundary_weight,
                mode=self.boundary_mode,
                width=self.boundary_width,
            )
        if self.class_weights is not None:
            weight *= tf.gather(tf.constant(self.class_weights, tf.float32), targets.classes)
        return weight * tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=targets.classes, logits=logits
        )

    def get_config(self):
        return {
            **super().get_config(),
            "boundary_weight": self.boundary_weight,
            "boundary_mode": self.boundary_mode,
            "boundary_width": self.boundary_width,
            "class_weights": self.class_weights,
            "background_id": self.background_id,
        }


@dataclass(frozen=True)
class CrossEntropyTerm:
    """The mean over pixels of the weighted cross entropy."""

    loss: WeightedCrossEntropy
    weight: ClassVar[float] = 1.0
    needs_branches: ClassVar[bool] = False

    @classmethod
    def from_config(cls, loss: LossConfig, labels: LabelContext) -> "CrossEntropyTerm":
        return cls(
            WeightedCrossEntropy(
                boundary_weight=loss.boundary_weight,
                boundary_mode=loss.boundary_mode,
                boundary_width=loss.boundary_width,
                class_weights=labels.class_weights,
                background_id=labels.background_id,
            )
        )

    def __call__(self, outputs: NetOutputs, targets: Targets) -> tf.Tensor:
        return tf.reduce_mean(self.loss.of_targets(targets, outputs.logits))
