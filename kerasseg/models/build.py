"""Settings to a Keras model: encoder, decoder, head, Dropout branches."""

import keras

from kerasseg.config import ModelConfig
from kerasseg.models.blocks import ConvolutionBlock, initializer_seeds
from kerasseg.models.decoder import decode, net_reach
from kerasseg.models.encoders import ENCODERS
from kerasseg.models.encoders.contract import Encoder
from kerasseg.models.heads import FEATURES, direct_head, with_branches
from kerasseg.models.layers.padding import CropLike, PadToMultiple


def unet(
    *,
    classes: int,
    encoder: str = "unet",
    encoder_weights: str | None = None,
    seed: int = 0,
    precision: str | None = None,
    **settings,
) -> keras.Model:
    """A segmentation net as a Keras functional model, with new weights.

    Args:
        classes: Channels of the logits, >= 1.
        encoder: Name of the encoder, a row of `kerasseg.models.encoders.ENCODERS`.
        encoder_weights: Trained weights of the encoder. `None` or `"none"`: new ones.
        seed: Seed of the weights, >= 0.
        precision: Name of a Keras dtype policy. `None`: the global one.
        **settings: Further settings of the section `model`, such as `width`, `depth`, `padding`
            and `upsampling`; their defaults are those of the project.

    Returns:
        A `keras.Model`: images `(B, H, W, 3)` in 0 to 255, RGB, uint8 or float, of any height and
        width, to float32 logits `(B, H, W, classes)`. Nothing is to be normalised outside.

    Raises:
        ValueError: For a setting that does not exist, or a value that is not allowed.

    Example:

    >>> import kerasseg, numpy as np
    >>> net = kerasseg.models.unet(classes=19, width=8, depth=3)
    >>> net(np.zeros((1, 97, 131, 3), np.uint8)).shape.as_list()
    [1, 97, 131, 19]
    """
    model = ModelConfig(encoder=encoder, **settings)
    if encoder_weights not in (None, "none"):
        raise ValueError(
            f"encoder_weights: found {encoder_weights!r}, allowed with encoder={encoder!r}: none"
        )
    precision = precision or keras.config.dtype_policy().name
    return build_direct_net(model, outputs=classes, seed=seed, precision=precision)


def build_net(model: ModelConfig, *, outputs: int, seed: int, precision: str) -> keras.Model:
    """The functional net with its direct head and K parallel Dropout branches.

    outputs: channels of the head. precision: name of a Keras dtype policy.
    Input: image (B, H, W, 3), 0…255, any H and W, uint8 or float. Output: a list of 1 + K
    logits, each (B, H, W, outputs) float32: the direct ones first, then the branches.
    """
    net = build_direct_net(model, outputs=outputs, seed=seed, precision=precision)
    return with_branches(net, branches=model.branches, dropout_rate=model.dropout_rate, seed=seed)


def build_direct_net(model: ModelConfig, *, outputs: int, seed: int, precision: str) -> keras.Model:
    """`build_net` without the Dropout branches: one output, the direct logits."""
    block = _block(model, seed=seed, precision=precision)
    encoder: Encoder = ENCODERS[model.encoder](model, block)
    image = keras.Input((None, None, 3), name="image", dtype="float32")
    x = encoder.preprocess(image)
    # Two pixels a side at the lowest level, or there would be nothing to mirror.
    least = 2 * encoder.stride if model.padding == "reflect" else 0
    pad = PadToMultiple(encoder.stride, least=least, dtype=precision, name="pad_to_multiple")
    features = decode(
        encoder.features(pad(x)),
        _decoder_channels(encoder, width=model.width),
        block=block,
        upsampling=model.upsampling,
    )
    features = CropLike(dtype=precision, name=FEATURES)([features, image])
    logits = direct_head(features, outputs=outputs, seeds=block.seeds)
    return keras.Model(image, logits, name=model.encoder)


def net_geometry(model: ModelConfig) -> tuple[int, int | None]:
    """(stride, reach) of the net of these settings: image sides are padded to multiples of
    `stride`; an output pixel sees `reach` pixels to each side, None: the whole image."""
    encoder = ENCODERS[model.encoder](model, _block(model, seed=0, precision="float32"))
    return encoder.stride, net_reach(stride=encoder.stride, encoder_reach=encoder.reach)


def _decoder_channels(encoder: Encoder, *, width: int) -> dict[int, int]:
    """Of the encoder where it has the stride; elsewhere width times the stride."""
    own = dict(zip(encoder.strides, encoder.channels, strict=True))
    strides = (2**level for level in range(encoder.stride.bit_length()))
    return {stride: own.get(stride, width * stride) for stride in strides}


def _block(model: ModelConfig, *, seed: int, precision: str) -> ConvolutionBlock:
    return ConvolutionBlock(
        padding=model.padding,
        batch_norm_momentum=model.batch_norm_momentum,
        batch_norm_epsilon=model.batch_norm_epsilon,
        batch_norm_sync=model.batch_norm_sync,
        dtype=precision,
        seeds=initializer_seeds(seed),
    )
