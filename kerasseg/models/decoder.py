"""The expanding path of the U-Net: from the deepest feature map back to the image's pixels."""

import re
from collections.abc import Mapping

import keras
from keras import layers

from kerasseg.models.blocks import ConvolutionBlock
from kerasseg.models.layers.upsampling import FIRST, upsample


def decode(
    features: Mapping[int, object],
    channels: Mapping[int, int],
    *,
    block: ConvolutionBlock,
    upsampling: str,
):
    """{stride: feature map} to penultimate features (B, H, W, channels[1]) at stride 1.

    channels: of the decoder at each stride below the deepest, down to 1. A stride that the
    encoder does not have is passed without a skip connection.
    """
    stride = max(features)
    x = features[stride]
    while stride > 1:
        stride //= 2
        name = f"up{stride.bit_length() - 1}"
        x = upsample(
            x,
            channels[stride],
            mode=upsampling,
            dtype=block.dtype,
            name=name,
            seed=next(block.seeds),
        )
        if stride in features:
            join = layers.Concatenate(dtype=block.dtype, name=f"{name}_join")
            x = join([features[stride], x])
        x = block(x, channels[stride], name)
    return x


def is_of_decoder(layer: keras.layers.Layer) -> bool:
    """Whether `decode` made the layer. A net is put together from parts known by name only."""
    return re.match(r"up\d", layer.name) is not None


def encoder_maps(net: keras.Model) -> dict[int, keras.KerasTensor]:
    """{stride: feature map} that `decode` was given; a net that was loaded will do.

    The layers are known by name: those that join the maps on the way up, and the first of all.
    """
    names = {layer.name for layer in net.layers}
    stride = net.get_layer("pad_to_multiple").multiple
    level = stride.bit_length() - 1
    first = next(f"up{level - 1}{end}" for end in (*FIRST, "") if f"up{level - 1}{end}" in names)
    maps = {stride: net.get_layer(first).input}
    for below in range(level):
        if f"up{below}_join" in names:
            maps[2**below] = net.get_layer(f"up{below}_join").input[0]
    return dict(sorted(maps.items()))


def net_reach(*, stride: int, encoder_reach: int | None) -> int | None:
    """How far an output pixel sees, in pixels of the net's input, to each side; None: everything.

    stride, encoder_reach: of the encoder. Followed back from each output pixel that is placed
    differently to the poolings, for the widest upsampling (bilinear and a convolution).
    """
    if encoder_reach is None:
        return None
    furthest = 0
    for pixel in range(stride):
        first = last = pixel
        for _ in range(stride.bit_length() - 1):
            first, last = first - 3, last + 3  # three 3x3 convolutions
            first, last = (first - 1) // 2, (last + 1) // 2  # bilinear doubling
        first, last = first * stride - encoder_reach, (last + 1) * stride - 1 + encoder_reach
        furthest = max(furthest, pixel - first, last - pixel)
    return furthest
