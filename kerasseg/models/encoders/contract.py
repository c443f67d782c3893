"""What every encoder offers: the decoder, tiling, the export and the description rely on it."""

from pathlib import Path
from typing import Protocol

import keras

# Of the decoder, by stride, where an encoder does not have a plan of its own: those of
# segmentation_models.pytorch, but for the last, which the 1x1 head reads.
DECODER_CHANNELS = {16: 256, 8: 128, 4: 64, 2: 32, 1: 32}


class Encoder(Protocol):
    """Turns an image into feature maps at the strides it has.

    strides: ascending powers of two from 1 to 32, a part of them, say (4, 8, 16, 32).
    channels: of the feature map at each stride, in the same order.
    decoder_channels: {stride: channels} of the decoder at each stride below the deepest, down to 1,
        where `model.decoder_channels` does not say.
    reach: how many pixels of its input, beyond its own cell of stride x stride pixels, a pixel of
        the deepest feature map sees to each side; None: the whole image.
    batch_norms: names of its BatchNorm layers, once `features` has made them.
    weights: the names that `model.encoder_weights` may have beside `none` and a file; empty: there
        are no trained weights, nor does it read a file.
    """

    strides: tuple[int, ...]
    channels: tuple[int, ...]
    decoder_channels: dict[int, int]
    reach: int | None
    batch_norms: tuple[str, ...]
    weights: tuple[str, ...]

    @property
    def stride(self) -> int:
        """The deepest stride: input sides must be multiples of it."""
        ...

    def preprocess(self, image):
        """image float32 (B, H, W, 3) in 0…255 to what the encoder was made for, as layers."""
        ...

    def features(self, x) -> dict[int, object]:
        """Preprocessed x (B, H, W, 3), H and W multiples of `stride`, to {stride s: Keras tensor
        (B, H / s, W / s, channels)}."""
        ...

    def load_weights(self, net: keras.Model, source: str | Path) -> None:
        """Fills the encoder's layers of `net` with trained weights: one of `weights`, or a file.

        Raises UserError if they cannot be had, or do not fit.
        """
        ...
