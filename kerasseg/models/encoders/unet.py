"""The contracting path of the U-Net of Ronneberger et al. 2015, with BatchNorm."""

from pathlib import Path

import keras
from keras import layers

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.models.blocks import ConvolutionBlock


class UNetEncoder:
    """Level i, at stride 2**i, has width * 2**i channels; `depth` max-poolings lead to the lowest.

    The contract is in `contract.Encoder`.
    """

    weights = ()

    def __init__(self, model: ModelConfig, block: ConvolutionBlock):
        self._block = block
        self.strides = tuple(2**level for level in range(model.depth + 1))
        self.channels = tuple(model.width * stride for stride in self.strides)
        self.decoder_channels = dict(zip(self.strides[:-1], self.channels[:-1], strict=True))
        self._names = [*(f"down{level}" for level in range(model.depth)), "bottom"]
        self.batch_norms = tuple(n for name in self._names for n in block.norm_names(name))

    @property
    def stride(self) -> int:
        return self.strides[-1]

    @property
    def reach(self) -> int:
        # Two 3x3 convolutions at every level see 2 pixels of it: 2 * (1 + 2 + ... + stride).
        return 2 * sum(self.strides)

    def preprocess(self, image):
        # In float32 whatever the policy: with 8 bits, bfloat16 would round jittered gray levels.
        return layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="normalize")(image)

    def features(self, x) -> dict[int, object]:
        features = {}
        for name, stride, channels in zip(self._names, self.strides, self.channels, strict=True):
            x = self._block(x, channels, name)
            features[stride] = x
            if stride < self.stride:
                x = layers.MaxPooling2D(2, dtype=self._block.dtype, name=f"{name}_pool")(x)
        return features

    def load_weights(self, net: keras.Model, source: str | Path) -> None:
        raise UserError(
            f"model.encoder_weights: found {source}, allowed with model.encoder=unet: none; "
            "train.init_from takes the weights of a whole net"
        )
