"""Lovász-softmax: a surrogate of the mean IoU. Source: Berman, Triki and Blaschko 2018,
arXiv:1705.08790, computed per image over the classes in its labels."""

import keras
import tensorflow as tf

from kerasseg.config import LossConfig
from kerasseg.losses.image_term import ImageTerm, mean_over_present
from kerasseg.losses.term import LabelContext, Targets, train_ids


@keras.saving.register_keras_serializable("kerasseg")
class LovaszSoftmax(keras.losses.Loss):
    """The Lovász extension of 1 - IoU, per image, mean over the classes in its labels.

    Args:
        background_id: The output channel that void pixels train. `None`: they are left out.
        reduction: As in `keras.losses.Loss`.
        name: As in `keras.losses.Loss`.

    Returns:
        A loss to be called with `y_true`, trainIds of shape `(B, H, W)` with 255 for void, and
        `y_pred`, logits of shape `(B, H, W, C)`. One number per image, from 0 to 1; 0 for an image
        without a pixel that counts. The pixels of each class are sorted by their error.

    Example:

    >>> import kerasseg, numpy as np
    >>> loss = kerasseg.losses.LovaszSoftmax()
    >>> labels = np.array([[[0, 1, 255]]])
    >>> float(loss(labels, np.zeros((1, 1, 3, 2))))  # every error is 0.5
    0.5
    """

    def __init__(
        self,
        *,
        background_id: int | None = None,
        reduction: str = "sum_over_batch_size",
        name: str = "lovasz",
    ):
        super().__init__(reduction=reduction, name=name)
        self.background_id = background_id

    def call(self, y_true, y_pred):
        targets = LabelContext(self.background_id).targets(train_ids(y_true))
        return self.of_targets(targets, tf.convert_to_tensor(y_pred))

    def of_targets(self, targets: Targets, logits: tf.Tensor) -> tf.Tensor:
        """float32 (B,): of every image. logits: (B, H, W, C)."""
        outputs, shape = logits.shape[-1], tf.shape(logits)
        pixels = shape[1] * shape[2]
        valid = targets.valid[..., None]
        truth = valid * tf.one_hot(targets.classes, outputs)
        # A pixel that is left out has no error: it is sorted last, where nothing is added.
        errors = valid * tf.abs(truth - tf.nn.softmax(tf.cast(logits, tf.float32)))
        truth, errors = (
            tf.transpose(tf.reshape(x, [shape[0], pixels, outputs]), [0, 2, 1])
            for x in (truth, errors)
        )
        sorted_errors, order = tf.math.top_k(errors, k=pixels)
        hits = tf.gather(truth, order, batch_dims=2)
        steps = tf.stop_gradient(_steps_of_jaccard(hits))
        present = tf.cast(tf.reduce_sum(truth, axis=-1) > 0, tf.float32)
        losses = present * tf.reduce_sum(sorted_errors * steps, axis=-1)
        return mean_over_present(losses, present)

    def get_config(self):
        return {**super().get_config(), "background_id": self.background_id}


def _steps_of_jaccard(hits: tf.Tensor) -> tf.Tensor:
    """What 1 - IoU grows by with each further pixel that is wrong, largest errors first.

    hits: (…, N) float32, 1 where the pixel is of the class. Returns (…, N) (Berman et al., alg. 1).
    """
    total = tf.reduce_sum(hits, axis=-1, keepdims=True)
    intersection = total - tf.cumsum(hits, axis=-1)
    union = total + tf.cumsum(1.0 - hits, axis=-1)
    jaccard = 1.0 - intersection / tf.maximum(union, 1.0)
    before = tf.concat([tf.zeros_like(jaccard[..., :1]), jaccard[..., :-1]], axis=-1)
    return jaccard - before


def lovasz_term(loss: LossConfig, labels: LabelContext) -> ImageTerm | None:
    """The term of the objective, or None where it is off."""
    return ImageTerm.weighted(LovaszSoftmax(background_id=labels.background_id), loss.lovasz)
