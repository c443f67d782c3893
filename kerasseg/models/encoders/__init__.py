"""The encoders by the name of `model.encoder`."""

from collections.abc import Callable
from functools import partial

from kerasseg.config import ModelConfig
from kerasseg.models.blocks import ConvolutionBlock
from kerasseg.models.encoders.contract import Encoder
from kerasseg.models.encoders.efficientnet_lite import EfficientNetLite
from kerasseg.models.encoders.keras_application import APPLICATIONS, KerasApplication
from kerasseg.models.encoders.unet import UNetEncoder

# Each makes an encoder of the settings and the block that encoder and decoder share.
ENCODERS: dict[str, Callable[[ModelConfig, ConvolutionBlock], Encoder]] = {
    "unet": UNetEncoder,
    "efficientnet_lite0": partial(EfficientNetLite, variant=0),
    "efficientnet_lite1": partial(EfficientNetLite, variant=1, depth=1.1),
    "efficientnet_lite2": partial(EfficientNetLite, variant=2, width=1.1, depth=1.2),
    **{name: partial(KerasApplication, row=row) for name, row in APPLICATIONS.items()},
}
