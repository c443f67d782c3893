"""The encoders by the name of `model.encoder`."""

from collections.abc import Callable

from kerasseg.config import ModelConfig
from kerasseg.models.blocks import ConvolutionBlock
from kerasseg.models.encoders.contract import Encoder
from kerasseg.models.encoders.unet import UNetEncoder

# Each makes an encoder of the settings and the block that encoder and decoder share.
ENCODERS: dict[str, Callable[[ModelConfig, ConvolutionBlock], Encoder]] = {
    "unet": UNetEncoder,
}
