"""objective = mean(mask * cross entropy) + C * mean(variance * (1 - p(background)))."""

from dataclasses import dataclass

import tensorflow as tf

from kerasseg.losses.boundary_weight import boundary_weight
from kerasseg.losses.terms import (
    branch_variance,
    gated_variance,
    pixel_targets,
    weighted_cross_entropy,
)


@dataclass(frozen=True)
class Objective:
    """The settings of the objective.

    background_id: output that void trains, or None. k, boundary_mode, boundary_width: see
    `boundary_weight`. uncertainty_weight: C; at 0 the variance is not even computed.
    closed_form: a variance without sampling. of_probabilities: of the softmax of the branches,
    not of their logits. class_weights: (outputs,) floats, or None.
    """

    background_id: int | None
    k: float
    boundary_mode: str
    boundary_width: int
    uncertainty_weight: float
    closed_form: bool
    of_probabilities: bool
    gate_gradient: bool
    class_weights: tuple[float, ...] | None

    def pixel_weight(self, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """label uint8 (B, H, W) -> target int32, weight of the cross entropy, valid (0 or 1)."""
        target, valid = pixel_targets(label, background_id=self.background_id)
        weight = valid
        if self.k != 1.0:
            weight *= boundary_weight(
                label, k=self.k, mode=self.boundary_mode, width=self.boundary_width
            )
        if self.class_weights is not None:
            weight *= tf.gather(tf.constant(self.class_weights, tf.float32), target)
        return target, weight, valid

    def terms(self, label, direct_logits, *, branch_logits, variance):
        """(cross entropy, gated variance), two scalars; the variance is 0 at C = 0.

        branch_logits: list of (B, H, W, C), used if sampled. variance: callable giving the
        closed form, (B, H, W).
        """
        target, weight, valid = self.pixel_weight(label)
        cross_entropy = weighted_cross_entropy(direct_logits, target, weight)
        if not self.uncertainty_weight:
            return cross_entropy, tf.zeros([])
        if self.closed_form:
            value = variance()
        else:
            branches = tf.stack(branch_logits)
            value = branch_variance(tf.nn.softmax(branches) if self.of_probabilities else branches)
        return cross_entropy, gated_variance(
            direct_logits,
            value,
            valid,
            background_id=self.background_id,
            gate_gradient=self.gate_gradient,
        )
