"""Three ways to double the height and width of a feature map, and one to enlarge logits."""

import keras
import tensorflow as tf
from keras import initializers, layers

from kerasseg.data.resize import resize_bilinear

# Of an upsampling in two layers, how the name of the first ends.
FIRST = ("_expand", "_resize")


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
        return _enlarged(x, 2)

    def compute_output_shape(self, shape):
        return (shape[0], _doubled(shape[1]), _doubled(shape[2]), shape[3])


@keras.saving.register_keras_serializable("kerasseg")
class BilinearEnlarge(layers.Layer):
    """(B, H, W, C) to (B, factor H, factor W, C), with half-pixel centres."""

    def __init__(self, factor: int, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return _enlarged(x, self.factor)

    def compute_output_shape(self, shape):
        sides = [None if size is None else self.factor * size for size in shape[1:3]]
        return (shape[0], *sides, shape[3])

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


def _enlarged(x: tf.Tensor, factor: int) -> tf.Tensor:
    height, width = (
        tf.shape(x)[axis] if x.shape[axis] is None else x.shape[axis] for axis in (1, 2)
    )
    # XLA cannot compile the gradient of a resize of half precision.
    large = resize_bilinear(tf.cast(x, tf.float32), (factor * height, factor * width))
    return tf.cast(large, x.dtype)


@keras.saving.register_keras_serializable("kerasseg")
class DoublingConvolution(layers.Conv2DTranspose):
    """Keras' Conv2DTranspose of 2x2 with stride 2: (B, H, W, D) to (B, 2 H, 2 W, C).

    No two results share a pixel, so it is a 1x1 convolution to 4 C channels and a shuffle of
    pixels: the same weights and numbers, in ops that ONNX Runtime has fast kernels for.
    """

    def __init__(self, filters: int, **kwargs):
        shape = {"kernel_size": 2, "strides": 2}
        super().__init__(filters, **{**kwargs, **shape})

    def call(self, x):
        # (row, column, C, D) -> (1, 1, D, 4 C), as depth_to_space reads it.
        kernel = tf.transpose(tf.convert_to_tensor(self.kernel), [3, 0, 1, 2])
        kernel = tf.reshape(kernel, [1, 1, kernel.shape[0], 4 * self.filters])
        bias = tf.tile(tf.convert_to_tensor(self.bias), [4])
        x = tf.nn.bias_add(tf.nn.conv2d(x, kernel, strides=1, padding="VALID"), bias)
        return tf.nn.depth_to_space(x, 2)


def upsample(x, channels: int, *, mode: str, dtype: str, name: str, seed: int):
    """(B, H, W, D) to (B, 2 H, 2 W, channels).

    mode: "transposed" (2x2, stride 2), "pixel_shuffle" (1x1 convolution, then shuffle) or
    "resize" (bilinear, then 3x3 convolution). seed: of the initial weights.
    """
    initial = {"kernel_initializer": initializers.HeNormal(seed=seed), "dtype": dtype}
    if mode == "transposed":
        return DoublingConvolution(channels, name=name, **initial)(x)
    if mode == "pixel_shuffle":
        x = layers.Conv2D(4 * channels, 1, name=f"{name}_expand", **initial)(x)
        return PixelShuffle(dtype=dtype, name=name)(x)
    if mode == "resize":
        x = BilinearDouble(dtype=dtype, name=f"{name}_resize")(x)
        return layers.Conv2D(channels, 3, padding="same", name=name, **initial)(x)
    raise AssertionError(f"unknown mode {mode}")
