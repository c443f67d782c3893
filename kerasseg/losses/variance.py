"""Disagreement of the Dropout branches, forgiven where the pixel is called background.

Source: "Semantic Segmentation …when weights and uncertainties are good".
"""

from dataclasses import dataclass
from typing import ClassVar

import keras
import tensorflow as tf

from kerasseg.config import LossConfig
from kerasseg.losses.term import LabelContext, NetOutputs, Targets, train_ids
from kerasseg.models.dropout_moments import probability_variance
from kerasseg.models.heads import closed_form_variance


def branch_variance(branch_logits: tf.Tensor) -> tf.Tensor:
    """Unbiased sample variance over the Dropout branches, mean over classes.

    branch_logits: (K, B, H, W, C) float32, K >= 2; or the branches' probabilities. Returns
    (B, H, W) float32, squared logits or squared probabilities.
    """
    branches = branch_logits.shape[0]
    variance = tf.math.reduce_variance(branch_logits, axis=0) * branches / (branches - 1)
    return tf.reduce_mean(variance, axis=-1)


def gated(
    variance: tf.Tensor,
    logits: tf.Tensor,
    valid: tf.Tensor,
    *,
    background_id: int | None,
    gate_gradient: bool,
) -> tf.Tensor:
    """float32 (B, H, W) >= 0: valid * variance * (1 - p(background)).

    variance, valid: float32 (B, H, W). logits: (B, H, W, C) float32, direct. background_id: None
    = no gate. gate_gradient: whether the gate itself is trained by it.
    """
    variance = valid * variance
    if background_id is not None:
        gate = 1.0 - tf.nn.softmax(logits)[..., background_id]
        variance *= gate if gate_gradient else tf.stop_gradient(gate)
    return variance


@keras.saving.register_keras_serializable("kerasseg")
class GatedVariance(keras.losses.Loss):
    """Variance of the logits over Dropout branches, times 1 - p(background).

    Args:
        background_id: The output channel that void pixels train: its probability is the gate.
            `None`: no gate, and void pixels are left out.
        gate_gradient: Whether the gradient reaches p(background), too.
        reduction: As in `keras.losses.Loss`.
        name: As in `keras.losses.Loss`.

    Returns:
        A loss to be called with `y_true`, trainIds of shape `(B, H, W)` with 255 for void, and
        `y_pred`, logits of shape `(B, H, W, 1 + K, C)`: the direct ones first, then those of K
        Dropout branches, K >= 2. In squared logits.

    Example:

    >>> import kerasseg, numpy as np
    >>> logits = np.zeros((1, 1, 1, 4, 4), np.float32)
    >>> logits[0, 0, 0, 1:] = [[0.0], [1.0], [2.0]]
    >>> loss = kerasseg.losses.GatedVariance(background_id=3)
    >>> float(loss(np.zeros((1, 1, 1)), logits))
    0.75
    """

    def __init__(
        self,
        *,
        background_id: int | None = None,
        gate_gradient: bool = True,
        reduction: str = "sum_over_batch_size",
        name: str = "gated_variance",
    ):
        super().__init__(reduction=reduction, name=name)
        self.background_id = background_id
        self.gate_gradient = gate_gradient

    def call(self, y_true, y_pred):
        targets = LabelContext(self.background_id).targets(train_ids(y_true))
        logits = tf.transpose(tf.convert_to_tensor(y_pred), [3, 0, 1, 2, 4])
        return self.of_targets(targets, logits[0], branch_variance(logits[1:]))

    def of_targets(self, targets: Targets, logits: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
        """float32 (B, H, W): the gated variance of every pixel. variance: (B, H, W)."""
        return gated(
            variance,
            logits,
            targets.valid,
            background_id=self.background_id,
            gate_gradient=self.gate_gradient,
        )

    def get_config(self):
        own = {"background_id": self.background_id, "gate_gradient": self.gate_gradient}
        return {**super().get_config(), **own}


@dataclass(frozen=True)
class VarianceTerm:
    """The mean over pixels of the gated variance; 0, and not computed, where its weight is 0.

    sampled: of the branches as drawn; otherwise what that is on average, in closed form, which
    also stands in where no branches were drawn. of_probabilities: of the softmax, not the logits.
    """

    loss: GatedVariance
    weight: float
    sampled: bool
    of_probabilities: bool
    needs_auxiliary: ClassVar[bool] = False

    @classmethod
    def from_config(cls, loss: LossConfig, labels: LabelContext) -> "VarianceTerm":
        return cls(
            GatedVariance(background_id=labels.background_id, gate_gradient=loss.gate_gradient),
            weight=loss.uncertainty_weight,
            sampled=loss.variance == "sampled",
            of_probabilities=loss.variance_of == "probabilities",
        )

    @property
    def needs_branches(self) -> bool:
        return self.sampled and bool(self.weight)

    def __call__(self, outputs: NetOutputs, targets: Targets) -> tf.Tensor:
        if not self.weight:
            return tf.zeros([])
        variance = self.variance(outputs)
        return tf.reduce_mean(self.loss.of_targets(targets, outputs.logits, variance))

    def variance(self, outputs: NetOutputs) -> tf.Tensor:
        """(B, H, W) float32 without the gate, mean over classes."""
        branches = outputs.branch_logits
        if self.sampled and branches is not None:
            return branch_variance(tf.nn.softmax(branches) if self.of_probabilities else branches)
        rate = {"dropout_rate": outputs.dropout_rate}
        if self.of_probabilities:
            total = probability_variance(
                outputs.features, outputs.logits, outputs.head_kernel, **rate
            )
            return total / outputs.logits.shape[-1]
        return closed_form_variance(outputs.features, outputs.head_kernel, **rate)
