"""Horizontal flip and colour jitter on the device, the same for a sample at a step, always."""

import tensorflow as tf

from kerasseg.data.random_keys import AUGMENT, sample_key

# Weights of red, green and blue in luma (ITU-R BT.601).
_LUMA = (0.299, 0.587, 0.114)


def augmentation_draws(*, seed: int, epoch: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """float32 (B, 4) uniform in [0, 1), a row a sample, from (seed, epoch, index) alone.

    epoch and index: int32 (B,). Columns: flip, brightness, contrast, saturation.
    """

    def draw(pair: tf.Tensor) -> tf.Tensor:
        key = sample_key(seed=seed, epoch=pair[0], index=pair[1], purpose=AUGMENT)
        return tf.random.stateless_uniform([4], seed=key)

    pairs = tf.stack([epoch, index], axis=1)
    return tf.map_fn(draw, pairs, fn_output_signature=tf.TensorSpec([4], tf.float32))


def augment(
    image: tf.Tensor,
    label: tf.Tensor,
    draws: tf.Tensor,
    *,
    flip: bool,
    brightness: float,
    contrast: float,
    saturation: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """One random view of each sample.

    image: uint8 (B, H, W, 3). label: uint8 (B, H, W). draws: (B, 4), see `augmentation_draws`.
    brightness, contrast, saturation: a factor within 1 ± this; 0 is off. Contrast turns about
    the mean of the image, saturation about its luma.
    Returns float32 image in 0…255 and uint8 label.
    """
    if flip:
        turned = draws[:, 0] < 0.5
        image = tf.where(turned[:, None, None, None], image[:, :, ::-1], image)
        label = tf.where(turned[:, None, None], label[:, :, ::-1], label)
    image = tf.cast(image, tf.float32)
    factors = 1.0 + (2.0 * draws[:, 1:, None, None, None] - 1.0) * tf.reshape(
        tf.constant([brightness, contrast, saturation], tf.float32), [1, 3, 1, 1, 1]
    )
    if brightness:
        image *= factors[:, 0]
    if contrast:
        mean = tf.reduce_mean(image, axis=(1, 2, 3), keepdims=True)
        image = mean + (image - mean) * factors[:, 1]
    if saturation:
        luma = tf.reduce_sum(image * tf.constant(_LUMA), axis=-1, keepdims=True)
        image = luma + (image - luma) * factors[:, 2]
    if brightness or contrast or saturation:
        image = tf.clip_by_value(image, 0.0, 255.0)
    return image, label
