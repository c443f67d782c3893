"""What Dropout in front of the head does to the probabilities, in closed form.

With x the features, W the kernel of the 1x1 head and r the rate, the logits have mean W x and
covariance r / (1 - r) * sum_i x_i^2 W_ic W_id; the variances alone are in `heads`.
"""

import math

import tensorflow as tf


def _factors(features: tf.Tensor, kernel: tf.Tensor, dropout_rate: float):
    """r / (1 - r) x^2, (B, h, w, D), and W, (D, C), in float32, less its mean over the classes.

    What is the same for all classes moves neither differences of logits nor probabilities; left
    in, it would drown them in rounding.
    """
    squared = tf.square(tf.cast(features, tf.float32)) * (dropout_rate / (1.0 - dropout_rate))
    weights = tf.cast(kernel, tf.float32)[0, 0]
    return squared, weights - tf.reduce_mean(weights, axis=-1, keepdims=True)


def _spread(squared: tf.Tensor, weights: tf.Tensor, center: tf.Tensor) -> tf.Tensor:
    """sum_i x_i^2 (W_ic - center_i)^2, (B, h, w, C), up to the rounding of sum_i x_i^2 W_ic^2.

    squared: (B, h, w, D). weights: (D, C). center: (B, h, w, D). On a GPU that rounding is TF32's,
    1e-3: of no use for a class that lies at the center.
    """
    spread = (
        tf.matmul(squared, tf.square(weights))
        - 2.0 * tf.matmul(squared * center, weights)
        + tf.reduce_sum(squared * tf.square(center), axis=-1, keepdims=True)
    )
    return tf.maximum(spread, 0.0)


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
    # Where the net is sure, the mean over p is nearly the weights of the likeliest class: their
    # difference is summed from what the other classes, each nearly 0, add to it.
    winner = tf.argmax(logits, axis=-1)
    is_winner = tf.one_hot(winner, weights.shape[-1])
    others = probabilities * (1.0 - is_winner)
    weights_of_winner = tf.gather(tf.transpose(weights), winner)  # (B, h, w, D)
    share = tf.reduce_sum(others, axis=-1, keepdims=True)
    from_mean = share * weights_of_winner - tf.matmul(others, weights, transpose_b=True)
    of_winner = tf.reduce_sum(squared * tf.square(from_mean), axis=-1)
    of_others = _spread(squared, weights, weights_of_winner - from_mean)
    likeliest = tf.reduce_sum(probabilities * is_winner, axis=-1)
    return tf.square(likeliest) * of_winner + tf.reduce_sum(tf.square(others) * of_others, axis=-1)


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
    # That of the winner itself counts for nothing: its margin is 0.
    variance = _spread(squared, weights, winner)
    margin = tf.reduce_max(logits, axis=-1, keepdims=True) - logits
    damped = margin / tf.sqrt(temperature**2 + math.pi / 8.0 * variance)
    return 1.0 / tf.reduce_sum(tf.exp(-damped), axis=-1)


def pair_variance(features: tf.Tensor, kernel: tf.Tensor, *, dropout_rate: float) -> tf.Tensor:
    """Variance under Dropout of the difference of two logits, mean over all pairs of classes.

    features: (B, h, w, D). kernel: (1, 1, D, C). Returns (B, h, w, 1) float32 >= 0, squared logits.
    """
    squared, weights = _factors(features, kernel, dropout_rate)
    # The mean of (W_a - W_c)^2 over pairs is 2 / (C - 1) times the sum of (W_c - mean)^2.
    pairs = 2.0 / max(1, weights.shape[-1] - 1)
    spread = pairs * tf.reduce_sum(tf.square(weights), axis=-1)[None, None, :, None]
    return tf.nn.conv2d(squared, spread, strides=1, padding="VALID")


def known_uncertainty(
    features: tf.Tensor,
    logits: tf.Tensor,
    kernel: tf.Tensor,
    *,
    dropout_rate: float,
    temperature: float = 1.0,
    known: int,
) -> tf.Tensor:
    """1 - the largest probability of the first `known` outputs, Dropout taken into account.

    As `expected_confidence`; float32 (B, h, w) in 0…1. The logits are divided by
    sqrt(temperature^2 + pi / 8 v), v the variance of the difference of two logits, mean over all
    pairs: one divisor a pixel, so unlike there nothing jumps where two classes tie.
    """
    variance = pair_variance(features, kernel, dropout_rate=dropout_rate)
    damped = logits / tf.sqrt(temperature**2 + math.pi / 8.0 * variance)
    largest = tf.reduce_max(damped[..., :known], axis=-1, keepdims=True)
    # Infinity, where exp overflows, gives the right 1.
    return 1.0 - 1.0 / tf.reduce_sum(tf.exp(damped - largest), axis=-1)
