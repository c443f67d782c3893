"""The convolution block that encoders and decoder share, and the seeds of its weights."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from keras import initializers, layers

from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.models.layers.padding import ReflectPad


def initializer_seeds(seed: int) -> Iterator[int]:
    """Seeds for the initializers of one net, in the order in which its layers are made.

    They are drawn as Keras draws them after `keras.utils.set_random_seed(seed)`, but from a
    generator of their own: building a net leaves the global generators alone.
    """
    generator = random.Random(seed)
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

    def __call__(self, x, channels: int, name: str):
        """(B, H, W, D) to (B, H, W, channels). Reflection needs H and W of at least 2."""
        for i in (1, 2):
            if self.padding == "reflect":
                x = ReflectPad(dtype=self.dtype, name=f"{name}_pad{i}")(x)
            x = layers.Conv2D(
                channels,
                3,
                padding="valid" if self.padding == "reflect" else "same",
                kernel_initializer=initializers.HeNormal(seed=next(self.seeds)),
                dtype=self.dtype,
                name=f"{name}_conv{i}",
            )(x)
            x = FusedBatchNormalization(
                momentum=self.batch_norm_momentum,
                epsilon=self.batch_norm_epsilon,
                synchronized=self.batch_norm_sync,
                dtype=self.dtype,
                name=f"{name}_norm{i}",
            )(x)
            x = layers.ReLU(dtype=self.dtype, name=f"{name}_relu{i}")(x)
        return x

    @staticmethod
    def norm_names(name: str) -> tuple[str, ...]:
        """The BatchNorm layers of the block `name`."""
        return tuple(f"{name}_norm{i}" for i in (1, 2))
