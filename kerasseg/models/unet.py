"""The U-Net of Ronneberger et al. 2015 with BatchNorm, as a Keras functional graph."""

from keras import layers

from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.models.layers.padding import CropLike, PadToMultiple, ReflectPad
from kerasseg.models.layers.upsampling import upsample


def unet_features(
    image,
    *,
    width: int,
    depth: int,
    padding: str,
    upsampling: str,
    batch_norm_momentum: float,
    batch_norm_epsilon: float,
    batch_norm_sync: bool,
    dtype: str,
):
    """Normalised image (B, H, W, 3) to penultimate features (B, H, W, width), any H and W.

    Level i has width * 2**i channels; `depth` max-poolings lead to the lowest.
    padding: "zero" or "reflect". upsampling: "transposed", "pixel_shuffle" or "resize".
    """

    def double_convolution(x, channels: int, name: str):
        for i in (1, 2):
            if padding == "reflect":
                x = ReflectPad(two_pixels=True, dtype=dtype, name=f"{name}_pad{i}")(x)
            x = layers.Conv2D(
                channels,
                3,
                padding="valid" if padding == "reflect" else "same",
                kernel_initializer="he_normal",
                dtype=dtype,
                name=f"{name}_conv{i}",
            )(x)
            x = FusedBatchNormalization(
                momentum=batch_norm_momentum,
                epsilon=batch_norm_epsilon,
                synchronized=batch_norm_sync,
                dtype=dtype,
                name=f"{name}_norm{i}",
            )(x)
            x = layers.ReLU(dtype=dtype, name=f"{name}_relu{i}")(x)
        return x

    # Two pixels a side at the lowest level, or there would be nothing to mirror.
    least = 2 * 2**depth if padding == "reflect" else 0
    x = PadToMultiple(2**depth, least=least, dtype=dtype, name="pad_to_multiple")(image)
    skips = []
    for level in range(depth):
        x = double_convolution(x, width * 2**level, f"down{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2, dtype=dtype, name=f"down{level}_pool")(x)
    x = double_convolution(x, width * 2**depth, "bottom")
    for level in reversed(range(depth)):
        x = upsample(x, width * 2**level, mode=upsampling, dtype=dtype, name=f"up{level}")
        x = layers.Concatenate(dtype=dtype, name=f"up{level}_join")([skips[level], x])
        x = double_convolution(x, width * 2**level, f"up{level}")
    return CropLike(dtype=dtype, name="crop_to_image")([x, image])
