"""Terms that are one number per image: the mean over the classes in its labels."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import tensorflow as tf

from kerasseg.losses.term import NetOutputs, Targets


class ImageLoss(Protocol):
    """A loss of whole images."""

    def of_targets(self, targets: Targets, logits: tf.Tensor) -> tf.Tensor:
        """float32 (B,): of every image. logits: (B, H, W, C)."""
        ...


@dataclass(frozen=True)
class ImageTerm:
    """The mean over the images of their loss."""

    loss: ImageLoss
    weight: float
    needs_branches: ClassVar[bool] = False
    needs_auxiliary: ClassVar[bool] = False

    @classmethod
    def weighted(cls, loss: ImageLoss, weight: float) -> "ImageTerm | None":
        """None where the weight is 0: the term is off."""
        return cls(loss, weight) if weight else None

    def __call__(self, outputs: NetOutputs, targets: Targets) -> tf.Tensor:
        return tf.reduce_mean(self.loss.of_targets(targets, outputs.logits))


def mean_over_present(losses: tf.Tensor, present: tf.Tensor) -> tf.Tensor:
    """(B, C) losses, 0 where `present` is 0, to their mean over the present ones, (B,), or 0.

    present: (B, C) float32, 1 for a class that the labels of the image hold, else 0.
    """
    count = tf.reduce_sum(present, axis=-1)
    return tf.reduce_sum(losses, axis=-1) / tf.maximum(count, 1.0)
