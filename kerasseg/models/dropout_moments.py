"""What Dropout in front of the head does to the probabilities, in closed form.

With x the features, W the kernel of the 1x1 head and r the rate, the logits have mean W x and
covariance r / (1 - r) * sum_i x_i^2 W_ic W_id; the variances alone are in `heads`.
"""

import math

import tensorflow as tf


def _factors(features: tf.Tensor, kernel: tf.Tensor, dropout_rate: float):
    """r / (1 - r) x^2, (B, h, w, D), and W, (D, C), in float32."""
    squared = tf.square(tf.cast(features, tf.float32)) * (dropout_rate / (1.0 - dropout_rate))
    return squared, tf.cast(kernel, tf.float32)[0, 0]


def probability_variance(
    features: tf.Tensor, logits: tf.Tensor, kernel: tf.Tensor, *, dropout_rate: float
) -> tf.Tensor:
    """Variance of the probabilities under Dropout to first order, summed over classes.

    features: (B, h, w, D). logits: (B, h, w, C), without Dropout. kernel: (1, 1, D, C). Returns
    float32 (B, h, w) >= 0: as d p_c / d x_i = p_c (W_ic - sum_j p_j W_ij), it is the sum over c
    of p_c^2 r / (1 - r) sum_i x_i^2 (W_ic - sum_j p_j W_ij)^2.
    """
    squared, weights = _factors(features, kernel, dropout_rate)
    probabilities = tf.nn.softmax(logits)
    mean = tf.matmul(probabilities, weights, transpose_b=True)  # (B, h, w, D)
    of_class = (
        tf.matmul(squared, tf.square(weights))
        - 2.0 * tf.matmul(squared * mean, weights)
        + tf.reduce_sum(squared * tf.square(mean), axis=-1, keepdims=True)
    )
    total = tf.reduce_sum(tf.square(probabilities) * of_class, axis=-1)
    return tf.maximum(total, 0.0)  # a difference of sums may end below 0 in its last bits


def expected_confidence(
    features: tf.Tensor,
    logits: tf.Tensor,
    kernel: tf.Tensor,
    *,
    dropout_rate: float,
    temperature: float = 1.0,
) -> tf.Tensor:
    """Probability of the likeliest class, a, averaged over Dropout, nearly: what the mean of many
    sampled passes would be.

    As `probability_variance`; float32 (B, h, w) in 0…1. temperature: > 0, divides the logits, with
    and without Dropout. The mean-field approximation of Lu, Ie
    and Sha 2020 (arXiv:2006.07584, "mf2"): 1 / sum_c exp(-(l_a - l_c) / sqrt(1 + pi / 8 v_c)),
    v_c the variance of l_a - l_c.
    """
    squared, weights = _factors(features, kernel, dropout_rate)
    winner = tf.gather(tf.transpose(weights), tf.argmax(logits, axis=-1))  # (B, h, w, D)
    variance = (
        tf.matmul(squared, tf.square(weights))
        - 2.0 * tf.matmul(squared * winner, weights)
        + tf.reduce_sum(squared * tf.square(winner), axis=-1, keepdims=True)
    )
    margin = tf.reduce_max(logits, axis=-1, keepdims=True) - logits
    damped = margin / tf.sqrt(temperature**2 + math.pi / 8.0 * tf.maximum(variance, 0.0))
    return 1.0 / tf.reduce_sum(tf.exp(-damped), axis=-1)
