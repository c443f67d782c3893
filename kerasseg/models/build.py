"""Settings to a Keras model: encoder, decoder, head, Dropout branches."""

import keras

from kerasseg.config import ModelConfig
from kerasseg.config.contradictions import of_model
from kerasseg.errors import UserError
from kerasseg.models.blocks import ConvolutionBlock
from kerasseg.models.decoder import decode, is_of_decoder, net_reach
from kerasseg.models.encoders import ENCODERS
from kerasseg.models.encoders.contract import Encoder
from kerasseg.models.heads import FEATURES, direct_head, with_branches
from kerasseg.models.layers.padding import CropLike, PadToMultiple


def unet(
    *,
    classes: int,
    encoder: str = "unet",
    encoder_weights: str = "none",
    seed: int = 0,
    precision: str | None = None,
    **settings,
) -> keras.Model:
    """A segmentation net as a Keras functional model, with new weights.

    Args:
        classes: Channels of the logits, >= 1.
        encoder: Name of the encoder, a row of `kerasseg.models.encoders.ENCODERS`.
        encoder_weights: Trained weights of the encoder: `"imagenet"`, a file, or `"none"`.
        seed: Seed of the weights, >= 0.
        precision: Name of a Keras dtype policy. `None`: the global one.
        **settings: Further settings of the section `model`, such as `width`, `depth`, `padding`
            and `upsampling`; their defaults are those of the project.

    Returns:
        A `keras.Model`: images `(B, H, W, 3)` in 0 to 255, RGB, uint8 or float, of any height and
        width, to float32 logits `(B, H, W, classes)`. Nothing is to be normalised outside.

    Raises:
        ValueError: For a setting that does not exist, or a value that is not allowed.
        kerasseg.UserError: If the weights cannot be had, or do not fit.

    Example:

    >>> import kerasseg, numpy as np
    >>> net = kerasseg.models.unet(classes=19, width=8, depth=3)
    >>> net(np.zeros((1, 97, 131, 3), np.uint8)).shape.as_list()
    [1, 97, 131, 19]
    """
    model = ModelConfig(encoder=encoder, encoder_weights=encoder_weights, **settings)
    for _, text in of_model(model):
        raise ValueError(text)
    precision = precision or keras.config.dtype_policy().name
    net = build_direct_net(model, outputs=classes, seed=seed, precision=precision)
    load_encoder_weights(net, model)
    return net


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
    block = ConvolutionBlock.from_config(model, seed=seed, dtype=precision)
    encoder: Encoder = ENCODERS[model.encoder](model, block)
    image = keras.Input((None, None, 3), name="image", dtype="float32")
    x = encoder.preprocess(image)
    # Two pixels a side at the lowest level, or there would be nothing to mirror.
    least = 2 * encoder.stride if model.padding == "reflect" else 0
    pad = PadToMultiple(encoder.stride, least=least, dtype=precision, name="pad_to_multiple")
    features = decode(
        encoder.features(pad(x)),
        _decoder_channels(encoder, model.decoder_channels),
        block=block,
        upsampling=model.upsampling,
    )
    features = CropLike(dtype=precision, name=FEATURES)([features, image])
    logits = direct_head(features, outputs=outputs, seeds=block.seeds)
    net = keras.Model(image, logits, name=model.encoder)
    if model.encoder_batch_norm == "frozen":
        for name in encoder.batch_norms:  # statistics, scale and offset
            net.get_layer(name).trainable = False
    return net


def load_encoder_weights(net: keras.Model, model: ModelConfig) -> None:
    """Fills the encoder of `net` with the trained weights that the settings name, if they do.

    Raises UserError if they cannot be had, or do not fit.
    """
    if model.encoder_weights != "none":
        _encoder(model).load_weights(net, model.encoder_weights)


def encoder_variables(net: keras.Model) -> list[keras.Variable]:
    """What is trained of the encoder: all before the penultimate features but the decoder.

    A head, on whatever map it stands, is not before them.
    """
    before = keras.Model(net.input, net.get_layer(FEATURES).output)
    encoder = [layer for layer in before.layers if not is_of_decoder(layer)]
    return [variable for layer in encoder for variable in layer.trainable_variables]


def net_geometry(model: ModelConfig) -> tuple[int, int | None]:
    """(stride, reach) of the net of these settings: image sides are padded to multiples of
    `stride`; an output pixel sees `reach` pixels to each side, None: the whole image."""
    encoder = _encoder(model)
    return encoder.stride, net_reach(stride=encoder.stride, encoder_reach=encoder.reach)


def _decoder_channels(encoder: Encoder, setting: tuple[int, ...] | None) -> dict[int, int]:
    """{stride: channels}, from the setting, which begins with the deepest, or the encoder's own."""
    if setting is None:
        return encoder.decoder_channels
    strides = [encoder.stride >> level for level in range(1, encoder.stride.bit_length())]
    if len(setting) != len(strides):
        raise UserError(
            f"model.decoder_channels: found {len(setting)} numbers, allowed with this encoder: "
            f"{len(strides)}, for the strides {', '.join(map(str, strides))}"
        )
    return dict(zip(strides, setting, strict=True))


def _encoder(model: ModelConfig) -> Encoder:
    """For what is to be known of it, not to build a net with."""
    block = ConvolutionBlock.from_config(model, seed=0, dtype="float32")
    return ENCODERS[model.encoder](model, block)
