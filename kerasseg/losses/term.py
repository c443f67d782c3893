"""What a term of the objective is given, and what it has to offer."""

from dataclasses import dataclass, replace
from typing import Protocol

import tensorflow as tf

from kerasseg.labels import OUTSIDE, VOID


@dataclass(frozen=True, eq=False)
class NetOutputs:
    """What the net hands over for a batch; each term takes what it needs.

    logits: (B, H, W, C) float32, direct, without Dropout. features: (B, H, W, D), penultimate.
    head_kernel: (1, 1, D, C). dropout_rate: of the branches. branch_logits: (K, B, H, W, C)
    float32, one slice per Dropout branch, or None where none was drawn. auxiliary_logits: like
    logits, of the auxiliary head, or None where the net has none.
    """

    logits: tf.Tensor
    features: tf.Tensor
    head_kernel: tf.Tensor
    dropout_rate: float
    branch_logits: tf.Tensor | None = None
    auxiliary_logits: tf.Tensor | None = None

    def background_apart(self, own: tf.Tensor) -> "NetOutputs":
        """The same numbers, but the background trains nothing of what the classes are made of.

        own: (B, H, W, 1) float32, the background's logit on stopped gradients. As the classes'
        total mass is constant to the gradients, the softmax over all outputs gives the classes
        those of the softmax over them alone, and p(background) is a binary output of `own`.
        """

        def apart(logits: tf.Tensor, background: tf.Tensor) -> tf.Tensor:
            classes = logits[..., :-1]
            mass = tf.reduce_logsumexp(classes, axis=-1, keepdims=True)
            return tf.concat([classes - (mass - tf.stop_gradient(mass)), background], axis=-1)

        def untrained(logits: tf.Tensor | None) -> tf.Tensor | None:
            return None if logits is None else apart(logits, tf.stop_gradient(logits[..., -1:]))

        kernel = tf.convert_to_tensor(self.head_kernel)
        return replace(
            self,
            logits=apart(self.logits, own),
            # Its variance under Dropout would be paid for with the features.
            head_kernel=tf.concat([kernel[..., :-1], tf.zeros_like(kernel[..., -1:])], axis=-1),
            branch_logits=untrained(self.branch_logits),
            auxiliary_logits=untrained(self.auxiliary_logits),
        )


@dataclass(frozen=True, eq=False)
class Targets:
    """What the pixels of a batch are trained for.

    label: uint8 (B, H, W) trainIds, 255 = void, 253 = outside the image. classes: int32 (B, H, W),
    the output each pixel trains. valid: float32 (B, H, W), 0 on pixels that are left out of every
    term, which are those outside and perhaps void, else 1.
    """

    label: tf.Tensor
    classes: tf.Tensor
    valid: tf.Tensor


def train_ids(labels) -> tf.Tensor:
    """Labels of any type, (B, H, W) or (B, H, W, 1), as Keras hands them on: uint8 (B, H, W)."""
    labels = tf.convert_to_tensor(labels)
    if labels.shape.rank == 4:
        labels = tf.squeeze(labels, axis=-1)
    return tf.cast(labels, tf.uint8)


@dataclass(frozen=True)
class LabelContext:
    """What terms know of the labels.

    background_id: the output channel that void trains; None: void is left out. background_apart:
    whether it is trained apart from the classes (`NetOutputs.background_apart`). class_weights:
    (C,) floats, one per output, or None. outside: whether labels hold OUTSIDE, 253; where they
    do not, no op asks for it: even a weight of 1 moves the last bits of the gradients.
    """

    background_id: int | None
    class_weights: tuple[float, ...] | None = None
    outside: bool = False
    background_apart: bool = False

    def targets(self, label: tf.Tensor) -> Targets:
        """label: uint8 (B, H, W) trainIds, 255 = void, 253 = outside the image."""
        void = label == VOID
        unnamed = void | (label == OUTSIDE) if self.outside else void
        # A pixel that is left out still needs a class to index with; its weight is 0.
        replacement = 0 if self.background_id is None else self.background_id
        classes = tf.where(unnamed, replacement, tf.cast(label, tf.int32))
        if self.background_id is None:
            return Targets(label, classes, tf.cast(~unnamed, tf.float32))
        if self.outside:
            return Targets(label, classes, tf.cast(label != OUTSIDE, tf.float32))
        return Targets(label, classes, tf.ones_like(label, tf.float32))


class Term(Protocol):
    """One named term of the objective, made from `LossConfig` and a `LabelContext`.

    weight: what it counts in the objective; at 0 it need not be computed. needs_branches: whether
    it takes `NetOutputs.branch_logits` in training. needs_auxiliary: whether it takes
    `NetOutputs.auxiliary_logits`, so that the net is to have an auxiliary head.
    """

    weight: float
    needs_branches: bool
    needs_auxiliary: bool

    def __call__(self, outputs: NetOutputs, targets: Targets) -> tf.Tensor:
        """A scalar: the mean over the batch's images of a number per image, so that the terms of
        the parts of a batch add up."""
        ...
