"""Cross entropy, weighted up at boundaries, by class, and where it is large.

Sources: "Semantic Segmentation …when weights and uncertainties are good"; focal loss: Lin et al.
2017, arXiv:1708.02002; label smoothing: Szegedy et al. 2016, arXiv:1512.00567; the hardest pixels
alone: Wu, Shen and van den Hengel 2016, arXiv:1605.06885.
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

    In this order: the target is smoothed; the entropy is multiplied by (1 - p) ** focal_gamma, p
    the probability of the true class, and by the weights of boundary and class; of each image the
    pixels with the largest result are kept.

    Args:
        boundary_weight: Weight of a pixel at a boundary, >= 0; elsewhere it is 1.
        boundary_mode: `"outer"` or `"thick"`, as scikit-image's `find_boundaries` has it.
        boundary_width: Width of the boundary in pixels, >= 1.
        class_weights: One weight for each output channel, or `None`.
        background_id: The output channel that void pixels train. `None`: they are left out, with
            a weight of 0; the mean still goes over all pixels.
        focal_gamma: Exponent of the focal factor, >= 0. 0: none.
        hard_pixels: Share of each image's pixels that is kept, of those that are not left out,
            above 0 and at most 1. Below 1 the loss is one number per image, the mean of those kept.
        label_smoothing: Share of the target that is spread evenly over all channels, from 0 to 1.
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
        focal_gamma: float = 0.0,
        hard_pixels: float = 1.0,
        label_smoothing: float = 0.0,
        reduction: str = "sum_over_batch_size",
        name: str = "weighted_cross_entropy",
    ):
        super().__init__(reduction=reduction, name=name)
        self.boundary_weight = boundary_weight
        self.boundary_mode = boundary_mode
        self.boundary_width = boundary_width
        self.class_weights = None if class_weights is None else tuple(map(float, class_weights))
        self.background_id = background_id
        self.focal_gamma = focal_gamma
        self.hard_pixels = hard_pixels
        self.label_smoothing = label_smoothing

    def call(self, y_true, y_pred):
        targets = LabelContext(self.background_id).targets(train_ids(y_true))
        losses = self.of_targets(targets, tf.convert_to_tensor(y_pred))
        if self.hard_pixels == 1.0:
            return losses
        return mean_of_hardest(losses, targets.valid, share=self.hard_pixels)

    def of_targets(self, targets: Targets, logits: tf.Tensor) -> tf.Tensor:
        """float32 (B, H, W): the weighted cross entropy of every pixel, easy ones among them."""
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
        entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=targets.classes, logits=logits
        )
        if self.focal_gamma:
            # 1 - p, of which a power below 1 has no slope at 0.
            rest = tf.maximum(-tf.math.expm1(-entropy), 1e-7)
            weight *= rest**self.focal_gamma
        if self.label_smoothing:
            even = tf.reduce_logsumexp(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
            entropy += self.label_smoothing * (even - entropy)
        return weight * entropy

    def get_config(self):
        return {
            **super().get_config(),
            "boundary_weight": self.boundary_weight,
            "boundary_mode": self.boundary_mode,
            "boundary_width": self.boundary_width,
            "class_weights": self.class_weights,
            "background_id": self.background_id,
            "focal_gamma": self.focal_gamma,
            "hard_pixels": self.hard_pixels,
            "label_smoothing": self.label_smoothing,
        }


def mean_of_hardest(losses: tf.Tensor, valid: tf.Tensor, *, share: float) -> tf.Tensor:
    """Of each image the mean of the largest `share` of its losses, at least of one; (B,).

    losses: (B, H, W) float32 >= 0. valid: (B, H, W) float32, 0 on pixels that do not count, whose
    loss is 0; an image without others has 0.
    """
    shape = tf.shape(losses)
    pixels = shape[1] * shape[2]
    ordered, _ = tf.math.top_k(tf.reshape(losses, [shape[0], pixels]), k=pixels)
    kept = tf.math.ceil(share * tf.reduce_sum(valid, axis=[1, 2]))
    among = tf.cast(tf.range(pixels), tf.float32)[None] < kept[:, None]
    return tf.reduce_sum(tf.where(among, ordered, 0.0), axis=-1) / tf.maximum(kept, 1.0)


@dataclass(frozen=True)
class CrossEntropyTerm:
    """The mean over pixels of the weighted cross entropy, or of the hardest of each image."""

    loss: WeightedCrossEntropy
    weight: ClassVar[float] = 1.0
    needs_branches: ClassVar[bool] = False
    needs_auxiliary: ClassVar[bool] = False

    @classmethod
    def from_config(cls, loss: LossConfig, labels: LabelContext) -> "CrossEntropyTerm":
        return cls(
            WeightedCrossEntropy(
                boundary_weight=loss.boundary_weight,
                boundary_mode=loss.boundary_mode,
                boundary_width=loss.boundary_width,
                class_weights=labels.class_weights,
                background_id=labels.background_id,
                focal_gamma=loss.focal_gamma,
                hard_pixels=loss.hard_pixels,
                label_smoothing=loss.label_smoothing,
            )
        )

    def __call__(self, outputs: NetOutputs, targets: Targets) -> tf.Tensor:
        losses = self.loss.of_targets(targets, outputs.logits)
        if self.loss.hard_pixels < 1.0:
            losses = mean_of_hardest(losses, targets.valid, share=self.loss.hard_pixels)
        return tf.reduce_mean(losses)
