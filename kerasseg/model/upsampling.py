"""Three ways to double the height and width of a feature map."""

import keras
import tensorflow as tf
from keras import layers

from kerasseg.data.resize import resize_bilinear


def _doubled(size: int | None) -> int | None:
    return None if size is None else 2 * size


@keras.saving.register_keras_serializable("kerasseg")
class PixelShuffle(layers.Layer):
    """(B, H, W, 4 C) to (B, 2 H, 2 W, C) (Shi et al. 2016)."""

    def call(self, x):
        return tf.nn.depth_to_space(x, 2)

    def compute_output_shape(self, shape):
        return (shape[0], _doubled(shape[1]), _doubled(shape[2]), shape[3] // 4)


@keras.saving.register_keras_serializable("kerasseg")
class BilinearDouble(layers.Layer):
    """(B, H, W, C) to (B, 2 H, 2 W, C).

    `UpSampling2D` does the same, but cannot be traced for a size that is known only later.
    """

    def call(self, x):
        height, width = (
            tf.shape(x)[axis] if x.shape[axis] is None else x.shape[axis] for axis in (1, 2)
        )
        return tf.cast(resize_bilinear(x, (2 * height, 2 * width)), x.dtype)

    def compute_output_shape(self, shape):
        return (shape[0], _doubled(shape[1]), _doubled(shape[2]), shape[3])


def upsample(x, channels: int, *, mode: str, dtype: str, name: str):
    """(B, H, W, D) to (B, 2 H, 2 W, channels).

    mode: "transposed" (2x2, stride 2), "pixel_shuffle" (1x1 convolution, then shuffle) or
    "resize" (bilinear, then 3x3 convolution).
    """
    if mode == "transposed":
        return layers.Conv2DTranspose(
            channels, 2, strides=2, kernel_initializer="he_normal", dtype=dtype, name=name
        )(x)
    if mode == "pixel_shuffle":
        x = layers.Conv2D(
            4 * channels, 1, kernel_initializer="he_normal", dtype=dtype, name=f"{name}_expand"
        )(x)
        return PixelShuffle(dtype=dtype, name=name)(x)
    if mode == "resize":
        x = BilinearDouble(dtype=dtype, name=f"{name}_resize")(x)
        return layers.Conv2D(
            channels, 3, padding="same", kernel_initializer="he_normal", dtype=dtype, name=name
        )(x)
    raise AssertionError(f"unknown mode {mode}")
