"""Changes of the colours of a batch that need more than a factor: hue, gamma and blur.

Each: image float32 (B, H, W, 3), label, draws float32 (B,) in [0, 1) and strength, to image and the
same label.
"""

import math

import tensorflow as tf

# Weights of red, green and blue in luma (ITU-R BT.601).
_LUMA = (0.299, 0.587, 0.114)
# To luma and the two axes of chroma, I and Q (NTSC 1953), and back.
_TO_YIQ = (
    _LUMA,
    (0.59590059, -0.27455667, -0.32134392),
    (0.21153661, -0.52273617, 0.31119955),
)
# A narrower Gaussian than this has all of its weight on one pixel, in float32.
_LEAST_SIGMA = 1e-3
_SIGMAS = 3  # of the widest Gaussian are in the kernel, to each side


def luma_of(image: tf.Tensor) -> tf.Tensor:
    """(..., 3) RGB to (..., 1)."""
    return tf.reduce_sum(image * tf.constant(_LUMA), axis=-1, keepdims=True)


def hue(
    image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, strength: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Turns the chroma by up to `strength` of a full turn either way; luma stays.

    A rotation in the plane of I and Q: linear, unlike one of the H of HSV, which no dark pixel has.
    """
    angle = (2.0 * draws - 1.0) * (strength * 2.0 * math.pi)
    cos, sin = tf.cos(angle), tf.sin(angle)
    zero, one = tf.zeros_like(cos), tf.ones_like(cos)
    rows = [(one, zero, zero), (zero, cos, -sin), (zero, sin, cos)]
    turn = tf.stack([tf.stack(row, axis=-1) for row in rows], axis=-2)
    to_yiq = tf.constant(_TO_YIQ)
    matrix = tf.matmul(tf.matmul(tf.linalg.inv(to_yiq), turn), to_yiq)[:, None, None]
    return tf.reduce_sum(matrix * image[..., None, :], axis=-1), label


def gamma(
    image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, strength: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Raises the colours, as 0…1, to a power uniform within 1 ± strength."""
    power = 1.0 + (2.0 * draws[:, None, None, None] - 1.0) * strength
    return 255.0 * (tf.clip_by_value(image, 0.0, 255.0) / 255.0) ** power, label


def blur(
    image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, strength: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """A Gaussian whose sigma is uniform in 0…strength pixels; the edge is repeated.

    The kernel has one size for all draws, three times `strength`, so that shapes stay static.
    """
    reach = math.ceil(_SIGMAS * strength)
    sigma = tf.maximum(draws * strength, _LEAST_SIGMA)[:, None]
    offsets = tf.range(-reach, reach + 1)
    weights = tf.exp(-0.5 * (tf.cast(offsets, tf.float32)[None] / sigma) ** 2)
    weights /= tf.reduce_sum(weights, axis=1, keepdims=True)
    for axis in (1, 2):
        side = tf.shape(image)[axis]
        total = tf.zeros_like(image)
        for place in range(2 * reach + 1):
            rows = tf.clip_by_value(tf.range(side) + place - reach, 0, side - 1)
            total += weights[:, place, None, None, None] * tf.gather(image, rows, axis=axis)
        image = total
    return image, label
