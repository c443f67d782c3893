"""Cross entropy of the auxiliary head. Source: Zhao et al. 2017, arXiv:1612.01105."""

from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from kerasseg.config import LossConfig
from kerasseg.losses.cross_entropy import WeightedCrossEntropy
from kerasseg.losses.term import LabelContext, NetOutputs, Targets


@dataclass(frozen=True)
class AuxiliaryTerm:
    """The mean over pixels of the plain cross entropy of `NetOutputs.auxiliary_logits`.

    Class weights, void and what lies outside are those of the main cross entropy. There is no
    weight of boundaries: the head's logits are coarser than a boundary is wide.
    """

    loss: WeightedCrossEntropy
    weight: float
    needs_branches: ClassVar[bool] = False
    needs_auxiliary: ClassVar[bool] = True

    @classmethod
    def from_config(cls, loss: LossConfig, labels: LabelContext) -> "AuxiliaryTerm | None":
        """None where the weight is 0: the term is off, and the net has no such head."""
        if not loss.auxiliary:
            return None
        plain = WeightedCrossEntropy(
            boundary_weight=1.0,
            class_weights=labels.class_weights,
            background_id=labels.background_id,
        )
        return cls(plain, loss.auxiliary)

    def __call__(self, outputs: NetOutputs, targets: Targets) -> tf.Tensor:
        assert outputs.auxiliary_logits is not None, "a net with an auxiliary head"
        return tf.reduce_mean(self.loss.of_targets(targets, outputs.auxiliary_logits))
