"""What every encoder offers: the decoder, tiling, the export and the description rely on it."""

from typing import Protocol


class Encoder(Protocol):
    """Turns an image into feature maps at the strides it has.

    strides: ascending powers of two from 1 to 32, a part of them, say (4, 8, 16, 32).
    channels: of the feature map at each stride, in the same order; the decoder has as many there,
    and width * stride (`model.width`) at a stride that is missing.
    reach: how many pixels of its input, beyond its own cell of stride x stride pixels, a pixel of
        the deepest feature map sees to each side; None: the whole image.
    batch_norms: names of its BatchNorm layers.
    weights: where trained weights come from, such as "imagenet"; None: there are none.
    """

    strides: tuple[int, ...]
    channels: tuple[int, ...]
    reach: int | None
    batch_norms: tuple[str, ...]
    weights: str | None

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
