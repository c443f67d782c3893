"""The auxiliary head: logits from a feature map of the encoder, in training alone.

It gives the encoder a shorter way to the labels than the one through the decoder. Source: Zhao et
al. 2017, arXiv:1612.01105 (PSPNet), where it lies behind the last stage but one of a ResNet.
"""

import keras
from keras import initializers, layers

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.models.blocks import ConvolutionBlock
from kerasseg.models.decoder import encoder_maps
from kerasseg.models.heads import AUXILIARY, FEATURES, head_of
from kerasseg.models.layers.padding import CropLike
from kerasseg.models.layers.upsampling import BilinearEnlarge


def with_auxiliary(net: keras.Model, model: ModelConfig, *, seed: int) -> keras.Model:
    """The net with an auxiliary head, sharing its weights.

    On the encoder's feature map at `model.auxiliary_stride`: a 3x3 convolution to a quarter of its
    channels, but no fewer than outputs, BatchNorm, ReLU, a 1x1 convolution to the outputs. Its
    logits, float32 (B, H, W, outputs), are one more output, the last. They are enlarged with
    half-pixel centres to the padded image and cropped, as the direct ones are.

    net: of one output, or with Dropout branches. seed: of the head's weights; those of `net` do
    not depend on it. Raises UserError if the encoder has no map at that stride.
    """
    maps, stride = encoder_maps(net), model.auxiliary_stride
    if stride not in maps:
        allowed = ", ".join(str(s) for s in maps if s in (8, 16)) or "none, so loss.auxiliary=0"
        raise UserError(
            f"model.auxiliary_stride: found {stride}, allowed with this encoder: {allowed}"
        )
    precision = net.get_layer(FEATURES).dtype_policy.name
    block = ConvolutionBlock.from_config(model, seed=seed, dtype=precision, part=AUXILIARY)
    x, outputs = maps[stride], head_of(net).filters
    x = block.once(x, max(x.shape[-1] // 4, outputs), AUXILIARY)
    x = layers.Conv2D(
        outputs,
        1,
        kernel_initializer=initializers.GlorotUniform(seed=next(block.seeds)),
        dtype="float32",
        name=f"{AUXILIARY}_head",
    )(x)
    x = BilinearEnlarge(stride, dtype="float32", name=f"{AUXILIARY}_enlarge")(x)
    logits = CropLike(dtype="float32", name=AUXILIARY)([x, net.input])
    return keras.Model(net.input, [*net.outputs, logits], name=net.name)


def has_auxiliary(net: keras.Model) -> bool:
    return any(map(is_of_auxiliary, net.layers))


def without_auxiliary(net: keras.Model) -> keras.Model:
    """The net without the head that `with_auxiliary` gave it, sharing its weights."""
    return keras.Model(net.input, net.outputs[:-1], name=net.name)


def is_of_auxiliary(layer: layers.Layer) -> bool:
    """Whether `with_auxiliary` made the layer."""
    return layer.name == AUXILIARY or layer.name.startswith(f"{AUXILIARY}_")
