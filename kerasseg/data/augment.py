"""Random views of the training images on the device, the same for a sample at a step, always."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tensorflow as tf

from kerasseg.data.colours import blur, gamma, hue, luma_of
from kerasseg.data.random_keys import AUGMENT, sample_key, uniform

Pair = tuple[tf.Tensor, tf.Tensor]  # image and label


@dataclass(frozen=True)
class Augmentation:
    """One random change, off at strength 0 or False.

    apply: (image (B, H, W, 3), label uint8 (B, H, W), draws float32 (B,) in [0, 1), strength) to
    image and label; the image is uint8 if `moves_pixels`, else float32 in 0…255.
    moves_pixels: whether pixels change their place; such changes come first.
    """

    apply: Callable[..., Pair]
    moves_pixels: bool = False


def flip(image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, strength: bool) -> Pair:
    """Mirrors half of the images, left to right."""
    turned = draws < 0.5
    image = tf.where(turned[:, None, None, None], image[:, :, ::-1], image)
    return image, tf.where(turned[:, None, None], label[:, :, ::-1], label)


def _factor(draws: tf.Tensor, strength: float) -> tf.Tensor:
    """(B, 1, 1, 1), uniform within 1 ± strength."""
    return 1.0 + (2.0 * draws[:, None, None, None] - 1.0) * strength


def brightness(image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, strength: float) -> Pair:
    return image * _factor(draws, strength), label


def contrast(image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, strength: float) -> Pair:
    """Turns about the mean of the image."""
    mean = tf.reduce_mean(image, axis=(1, 2, 3), keepdims=True)
    return mean + (image - mean) * _factor(draws, strength), label


def saturation(image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, strength: float) -> Pair:
    """Turns about the luma of each pixel."""
    luma = luma_of(image)
    return luma + (image - luma) * _factor(draws, strength), label


# By the name of the setting (`AugmentConfig`). Each has the number of its row for a column of
# draws, so that a row added at the end leaves the views of the others as they were.
AUGMENTATIONS: dict[str, Augmentation] = {
    "flip": Augmentation(flip, moves_pixels=True),
    "brightness": Augmentation(brightness),
    "contrast": Augmentation(contrast),
    "saturation": Augmentation(saturation),
    "hue": Augmentation(hue),
    "gamma": Augmentation(gamma),
    "blur": Augmentation(blur),
}


# Settings beside them whose change is made on the host: the batch on the device has one size, no
# device knows JPEG, and what is pasted comes from images that are not in the batch. Their draws are
# their own, see `kerasseg.data.pipeline`.
HOST_AUGMENTATIONS = ("scale", "jpeg", "unknown")


def augmentation_draws(*, seed: int, epoch: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
    """float32 (B, rows of the table) uniform in [0, 1), from (seed, epoch, index) alone.

    epoch and index: int32 (B,).
    """
    columns = len(AUGMENTATIONS)

    def draw(pair: tf.Tensor) -> tf.Tensor:
        key = sample_key(seed=seed, epoch=pair[0], index=pair[1], purpose=AUGMENT)
        return uniform([columns], seed=key)

    pairs = tf.stack([epoch, index], axis=1)
    return tf.map_fn(draw, pairs, fn_output_signature=tf.TensorSpec([columns], tf.float32))


def augment(
    image: tf.Tensor, label: tf.Tensor, draws: tf.Tensor, *, strengths: Mapping[str, float | bool]
) -> Pair:
    """One random view of each sample.

    image: uint8 (B, H, W, 3). label: uint8 (B, H, W). draws: see `augmentation_draws`.
    strengths: by name, for every row of the table. Returns float32 image in 0…255 and uint8 label.
    """
    on = [
        (augmentation, draws[:, column], strengths[name])
        for column, (name, augmentation) in enumerate(AUGMENTATIONS.items())
        if strengths[name]
    ]
    for augmentation, drawn, strength in on:
        if augmentation.moves_pixels:
            image, label = augmentation.apply(image, label, drawn, strength)
    image = tf.cast(image, tf.float32)
    colours = [row for row in on if not row[0].moves_pixels]
    for augmentation, drawn, strength in colours:
        image, label = augmentation.apply(image, label, drawn, strength)
    return tf.clip_by_value(image, 0.0, 255.0) if colours else image, label
