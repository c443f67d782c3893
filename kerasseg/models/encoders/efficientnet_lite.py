"""EfficientNet-Lite (Google, 2020): EfficientNet without squeeze-and-excite, with ReLU6.

Block table and scaling rules: Tan and Le 2019, arXiv:1905.11946; the Lite variants keep the first
and the last stage as they are.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import keras
from keras import initializers, layers

from kerasseg.config import ModelConfig
from kerasseg.models.blocks import ConvolutionBlock
from kerasseg.models.encoders.contract import DECODER_CHANNELS
from kerasseg.models.encoders.efficientnet_lite_weights import packaged_weights, read_weights
from kerasseg.models.layers.batch_norm import FusedBatchNormalization

_STEM, _EPSILON = 32, 1e-3
# (blocks, kernel, stride of the first block, expansion, channels) of each stage of Lite0.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


@dataclass(frozen=True)
class Block:
    """One inverted residual block: widen by `expansion`, depthwise convolution, narrow."""

    kernel: int
    stride: int
    expansion: int
    inputs: int
    outputs: int


def lite_blocks(width: float, depth: float) -> tuple[Block, ...]:
    """All blocks of a variant. width, depth: what channels and repeats are multiplied by."""
    blocks, inputs = [], _STEM
    for number, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
        if number not in (0, len(_STAGES) - 1):
            repeats = math.ceil(depth * repeats)
        outputs = _round_channels(channels * width)
        for turn in range(repeats):
            first = turn == 0
            blocks.append(Block(kernel, stride if first else 1, expansion, inputs, outputs))
            inputs = outputs
    return tuple(blocks)


def _round_channels(channels: float) -> int:
    """To a multiple of 8, at most a tenth down."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * channels else rounded + 8


class EfficientNetLite:
    """The feature maps at strides 2 to 32 of one variant. The contract is in `contract.Encoder`."""

    weights = ("imagenet",)
    stride = 32

    def __init__(
        self,
        model: ModelConfig,
        block: ConvolutionBlock,
        *,
        variant: int,
        width: float = 1.0,
        depth: float = 1.0,
    ):
        self._variant = variant
        self._momentum, self._synchronized = block.batch_norm_momentum, block.batch_norm_sync
        self._dtype, self._seeds = block.dtype, block.seeds
        self._blocks = lite_blocks(width, depth)
        # The last block before the stride doubles, and the last of all.
        ends = [i - 1 for i, b in enumerate(self._blocks) if b.stride == 2]
        self._ends = dict(zip([*ends, len(self._blocks) - 1], (2, 4, 8, 16, 32), strict=True))
        self.strides = tuple(self._ends.values())
        self.channels = tuple(self._blocks[end].outputs for end in self._ends)
        self.decoder_channels = DECODER_CHANNELS
        names = ["stem"]
        for i, each in enumerate(self._blocks):
            parts = ["expand"] if each.expansion > 1 else []
            names += [f"block{i}_{part}" for part in (*parts, "depthwise", "project")]
        self._convolutions = names
        self.batch_norms = tuple(f"{name}_norm" for name in names)

    @property
    def reach(self) -> int:
        # Followed back from one pixel of the deepest map: [first, last] at each stride.
        first = last = 0
        for kernel, stride in [*((b.kernel, b.stride) for b in reversed(self._blocks)), (3, 2)]:
            before = (kernel - stride) // 2  # of "same" padding where the side is even
            first, last = first * stride - before, last * stride - before + kernel - 1
        return max(-first, last - (self.stride - 1))

    def preprocess(self, image):
        # In float32 whatever the policy, as 8 bits are not enough for gray levels.
        return layers.Rescaling(1 / 128, offset=-127 / 128, dtype="float32", name="normalize")(
            image
        )

    def features(self, x) -> dict[int, object]:
        x = self._convolution(x, _STEM, kernel=3, stride=2, name="stem")
        features = {}
        for i, block in enumerate(self._blocks):
            x = self._inverted_residual(x, block, name=f"block{i}")
            if i in self._ends:
                features[self._ends[i]] = x
        return features

    def _inverted_residual(self, x, block: Block, *, name: str):
        inputs = x
        if block.expansion > 1:
            wide = block.inputs * block.expansion
            x = self._convolution(x, wide, kernel=1, stride=1, name=f"{name}_expand")
        x = layers.DepthwiseConv2D(
            block.kernel,
            strides=block.stride,
            padding="same",
            use_bias=False,
            depthwise_initializer=initializers.HeNormal(seed=next(self._seeds)),
            dtype=self._dtype,
            name=f"{name}_depthwise",
        )(x)
        x = self._norm_and_activation(x, name=f"{name}_depthwise")
        narrow = {"kernel": 1, "stride": 1, "activation": False}
        x = self._convolution(x, block.outputs, name=f"{name}_project", **narrow)
        if block.stride == 1 and block.inputs == block.outputs:
            x = layers.Add(dtype=self._dtype, name=f"{name}_add")([x, inputs])
        return x

    def _convolution(self, x, channels: int, *, kernel, stride, name: str, activation: bool = True):
        x = layers.Conv2D(
            channels,
            kernel,
            strides=stride,
            padding="same",
            use_bias=False,
            kernel_initializer=initializers.HeNormal(seed=next(self._seeds)),
            dtype=self._dtype,
            name=name,
        )(x)
        return self._norm_and_activation(x, name=name, activation=activation)

    def _norm_and_activation(self, x, *, name: str, activation: bool = True):
        x = FusedBatchNormalization(
            momentum=self._momentum,
            epsilon=_EPSILON,
            synchronized=self._synchronized,
            dtype=self._dtype,
            name=f"{name}_norm",
        )(x)
        if not activation:
            return x
        return layers.ReLU(max_value=6.0, dtype=self._dtype, name=f"{name}_relu")(x)

    def load_weights(self, net: keras.Model, source: str | Path) -> None:
        path = packaged_weights(self._variant) if source == "imagenet" else Path(source)
        for name, arrays in read_weights(path, self._convolutions, net=net).items():
            net.get_layer(name).set_weights(arrays)
