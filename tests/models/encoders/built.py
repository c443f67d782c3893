"""Each encoder with the net around it, built once."""

from dataclasses import dataclass
from functools import cache

import keras

from kerasseg.config import ModelConfig
from kerasseg.models import build
from kerasseg.models.encoders import ENCODERS
from kerasseg.models.encoders.contract import Encoder

OUTPUTS = 3


@dataclass(frozen=True)
class Built:
    """The net of one encoder with its branches, and the symbolic feature maps in it."""

    model: ModelConfig
    encoder: Encoder
    features: dict
    net: keras.Model

    def deepest(self) -> tuple[Encoder, keras.Model]:
        """The encoder, and a copy of its part of the net up to the deepest feature map."""
        inside = keras.Model(self.net.input, self.features[self.encoder.stride])
        return self.encoder, keras.models.clone_model(inside)


def settings(name: str) -> ModelConfig:
    """Of the smallest net with this encoder."""
    small = {"width": 2, "depth": 2} if name == "unet" else {"decoder_channels": (4,) * 5}
    return ModelConfig(encoder=name, **small)


@cache
def built_encoder(name: str) -> Built:
    """One row of the table."""
    model, made = settings(name), {}

    def remember(*arguments):
        encoder = ENCODERS[name](*arguments)
        features = encoder.features

        def spy(x):
            made["features"] = features(x)
            return made["features"]

        encoder.features = spy
        made["encoder"] = encoder
        return encoder

    rows, build.ENCODERS = build.ENCODERS, {name: remember}
    try:
        net = build.build_net(model, outputs=OUTPUTS, seed=0, precision="float32")
    finally:
        build.ENCODERS = rows
    return Built(model, made["encoder"], made["features"], net)
