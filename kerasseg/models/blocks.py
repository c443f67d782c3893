"""The convolution block that encoders and decoder share, and the seeds of its weights."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from keras import initializers, layers

from kerasseg.config import ModelConfig
from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.models.layers.padding import ReflectPad


def initializer_seeds(seed: int, *, part: str = "") -> Iterator[int]:
    """Seeds for the initializers of one net, in the order in which its layers are made.

    They are drawn as Keras draws them after `keras.utils.set_random_seed(seed)`, but from a
    generator of their own: building a net leaves the global generators alone. part: what is added
    to a net has a series of its own, under this name.
    """
    generator = random.Random(f"{part} {seed}" if part else seed)
    while True:
        yield generator.randint(1, 10**9)


@dataclass(frozen=True)
class ConvolutionBlock:
    """Twice a 3x3 convolution, BatchNorm and ReLU.

    padding: "zero" or "reflect". seeds: see `initializer_seeds`. dtype: name of a Keras dtype
    policy. The rest are the settings of BatchNorm.
    """

    padding: str
    batch_norm_momentum: float
    batch_norm_epsilon: float
    batch_norm_sync: bool
    dtype: str
    seeds: Iterator[int]

    @classmethod
    def from_config(
        cls, model: ModelConfig, *, seed: int, dtype: str, part: str = ""
    ) -> "ConvolutionBlock":
        """seed, part: see `initializer_seeds`."""
        return cls(
            padding=model.padding,
            batch_norm_momentum=model.batch_norm_momentum,
            batch_norm_epsilon=model.batch_norm_epsilon,
            batch_norm_sync=model.batch_norm_sync,
            dtype=dtype,
            seeds=initializer_seeds(seed, part=part),
        )

    def __call__(self, x, channels: int, name: str):
        """(B, H, W, D) to (B, H, W, channels). Reflection needs H and W of at least 2."""
        for i in (1, 2):
            x = self.once(x, channels, name, end=str(i))
        return x

    def once(self, x, channels: int, name: str, *, end: str = ""):
        """One 3x3 convolution, BatchNorm and ReLU, under the names `name`_conv`end` and so on."""
        if self.padding == "reflect":
            x = ReflectPad(dtype=self.dtype, name=f"{name}_pad{end}")(x)
        x = layers.Conv2D(
            channels,
            3,
            padding="valid" if self.padding == "reflect" else "same",
            kernel_initializer=initializers.HeNormal(seed=next(self.seeds)),
            dtype=self.dtype,
            name=f"{name}_conv{end}",
        )(x)
        x = FusedBatchNormalization(
            momentum=self.batch_norm_momentum,
            epsilon=self.batch_norm_epsilon,
            synchronized=self.batch_norm_sync,
            dtype=self.dtype,
            name=f"{name}_norm{end}",
        )(x)
        return layers.ReLU(dtype=self.dtype, name=f"{name}_relu{end}")(x)

    @staticmethod
    def norm_names(name: str) -> tuple[str, ...]:
        """The BatchNorm layers of the block `name`."""
        return tuple(f"{name}_norm{i}" for i in (1, 2))
