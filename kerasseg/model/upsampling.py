"""Three ways to double the height and width of a feature map."""

import keras
import tensorflow as tf
from keras import layers


@keras.saving.register_keras_serializable("kerasseg")
class PixelShuffle(layers.Layer):
    """(B, H, W, 4 C) to (B, 2 H, 2 W, C) (Shi et al. 2016)."""

    def call(self, x):
        return tf.nn.depth_to_space(x, 2)

    def compute_output_shape(self, shape):
        def double(size):
            return None if size is None else 2 * size

        return (shape[0], double(shape[1]), double(shape[2]), shape[3] // 4)


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
        x = layers.UpSampling2D(2, interpolation="bilinear", dtype=dtype, name=f"{name}_resize")(x)
        return layers.Conv2D(
            channels, 3, padding="same", kernel_initializer="he_normal", dtype=dtype, name=name
        )(x)
    raise AssertionError(f"unknown mode {mode}")
