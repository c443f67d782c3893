"""The two terms of the objective: weighted cross entropy and gated variance.

Source: "Semantic Segmentation …when weights and uncertainties are good". Both are means over
all pixels of the batch, so that the terms of replicas add up.
"""

import tensorflow as tf

from kerasseg.labels import VOID


def pixel_targets(label: tf.Tensor, *, background_id: int | None) -> tuple[tf.Tensor, tf.Tensor]:
    """Class to train for and weight of each pixel.

    label: uint8 (B, H, W) trainIds, 255 = void. background_id: the output that void trains, or
    None: then void weighs 0 and its class is 0, which nobody sees.
    Returns int32 (B, H, W) and float32 (B, H, W) of 0 and 1.
    """
    void = label == VOID
    replacement = 0 if background_id is None else background_id
    target = tf.where(void, replacement, tf.cast(label, tf.int32))
    if background_id is None:
        return target, tf.cast(~void, tf.float32)
    return target, tf.ones_like(label, tf.float32)


def weighted_cross_entropy(
    direct_logits: tf.Tensor, target: tf.Tensor, weight: tf.Tensor
) -> tf.Tensor:
    """Mean over pixels of weight * cross entropy.

    direct_logits: (B, H, W, C) float32. target: int32 (B, H, W). weight: float32 (B, H, W).
    Returns a scalar >= 0, in nats.
    """
    entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=target, logits=direct_logits)
    return tf.reduce_mean(weight * entropy)


def branch_variance(branch_logits: tf.Tensor) -> tf.Tensor:
    """Unbiased sample variance over the dropout branches, mean over classes.

    branch_logits: (K, B, H, W, C) float32, K >= 2; or the branches' probabilities. Returns
    (B, H, W) float32, squared logits or squared probabilities.
    """
    branches = branch_logits.shape[0]
    variance = tf.math.reduce_variance(branch_logits, axis=0) * branches / (branches - 1)
    return tf.reduce_mean(variance, axis=-1)


def gated_variance(
    direct_logits: tf.Tensor,
    variance: tf.Tensor,
    weight: tf.Tensor,
    *,
    background_id: int | None,
    gate_gradient: bool,
) -> tf.Tensor:
    """Disagreement of the dropout branches, forgiven where the pixel is called background.

    direct_logits: (B, H, W, C) float32, the head without dropout. variance: float32 (B, H, W).
    weight: float32 (B, H, W), 0 on pixels left out. background_id: None = no gate.
    gate_gradient: whether the gate itself is trained by this term.
    Returns a scalar >= 0, in squared logits: mean over pixels of (1 - p(background)) * variance.
    """
    gated = weight * variance
    if background_id is not None:
        gate = 1.0 - tf.nn.softmax(direct_logits)[..., background_id]
        gated *= gate if gate_gradient else tf.stop_gradient(gate)
    return tf.reduce_mean(gated)
