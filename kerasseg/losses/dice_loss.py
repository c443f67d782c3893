"""Dice loss: overlap of each class, whatever its size. Source: Milletari, Navab and Ahmadi 2016,
arXiv:1606.04797, with sums instead of sums of squares in the denominator."""

import keras
import tensorflow as tf

from kerasseg.config import LossConfig
from kerasseg.losses.image_term import ImageTerm, mean_over_present
from kerasseg.losses.term import LabelContext, Targets, train_ids


@keras.saving.register_keras_serializable("kerasseg")
class DiceLoss(keras.losses.Loss):
    """1 - Dice coefficient of the probabilities, per image, mean over the classes in its labels.

    Args:
        background_id: The output channel that void pixels train. `None`: they are left out.
        reduction: As in `keras.losses.Loss`.
        name: As in `keras.losses.Loss`.

    Returns:
        A loss to be called with `y_true`, trainIds of shape `(B, H, W)` with 255 for void, and
        `y_pred`, logits of shape `(B, H, W, C)`. One number per image, from 0 to 1; 0 for an image
        without a pixel that counts.

    Example:

    >>> import kerasseg, numpy as np
    >>> loss = kerasseg.losses.DiceLoss()
    >>> labels = np.array([[[0, 1, 255]]])
    >>> float(loss(labels, np.zeros((1, 1, 3, 2))))  # 1 - 2 * 0.5 / (1 + 1) for both
    0.5
    """

    def __init__(
        self,
        *,
        background_id: int | None = None,
        reduction: str = "sum_over_batch_size",
        name: str = "dice",
    ):
        super().__init__(reduction=reduction, name=name)
        self.background_id = background_id

    def call(self, y_true, y_pred):
        targets = LabelContext(self.background_id).targets(train_ids(y_true))
        return self.of_targets(targets, tf.convert_to_tensor(y_pred))

    def of_targets(self, targets: Targets, logits: tf.Tensor) -> tf.Tensor:
        """float32 (B,): of every image. logits: (B, H, W, C)."""
        valid = targets.valid[..., None]
        truth = valid * tf.one_hot(targets.classes, logits.shape[-1])
        probabilities = valid * tf.nn.softmax(tf.cast(logits, tf.float32))
        overlap = tf.reduce_sum(truth * probabilities, axis=[1, 2])
        pixels = tf.reduce_sum(truth, axis=[1, 2])
        total = pixels + tf.reduce_sum(probabilities, axis=[1, 2])
        present = tf.cast(pixels > 0, tf.float32)
        # A class that is present has a total of 1 or more.
        losses = present * (1.0 - 2.0 * overlap / tf.maximum(total, 1.0))
        return mean_over_present(losses, present)

    def get_config(self):
        return {**super().get_config(), "background_id": self.background_id}


def dice_term(loss: LossConfig, labels: LabelContext) -> ImageTerm | None:
    """The term of the objective, or None where it is off."""
    return ImageTerm.weighted(DiceLoss(background_id=labels.background_id), loss.dice)
