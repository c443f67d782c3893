"""Encoders out of `keras.applications`, with the BatchNorm and the seeds of this project."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import keras
from keras import layers

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.models.blocks import ConvolutionBlock
from kerasseg.models.encoders.contract import DECODER_CHANNELS
from kerasseg.models.keras_internals import copied_graph, random_state_kept
from kerasseg.models.layers.activation import AddNumber, Gelu
from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.models.layers.channels import ReverseChannels

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB in 0…1


@dataclass(frozen=True)
class Application:
    """One network of `keras.applications` as an encoder.

    build: its function. ends: {stride: layer whose output is the feature map}, or, with
    `of_input`, whose input is. channels: of the feature maps. scale, offset: what an image in
    0…255 is multiplied by and then added to, per channel. bgr: whether it takes blue first.
    reach: see `contract.Encoder`.
    """

    build: Callable[..., keras.Model]
    ends: Mapping[int, str]
    channels: Sequence[int]
    scale: float | Sequence[float]
    offset: float | Sequence[float]
    reach: int | None
    bgr: bool = False
    of_input: bool = False
    preprocessing_inside: bool = True  # unless it is told to leave it out


_IMAGENET = {
    "scale": [1 / (255 * d) for d in _DEVIATION],
    "offset": [-m / d for m, d in zip(_MEAN, _DEVIATION, strict=True)],
}
_UNIT = {"scale": 1 / 127.5, "offset": -1.0}


def _v2(build: Callable, blocks: str, channels: Sequence[int], **preprocessing) -> Application:
    names = {2 << level: f"block{block}" for level, block in enumerate(blocks.split())}
    return Application(build, names, channels, reach=None, **preprocessing)


def _convnext(build: Callable, name: str, *, reach: int) -> Application:
    ends = {4 << i: f"{name}_downsampling_block_{i}" for i in range(3)}
    channels = (96, 192, 384, 768)
    return Application(build, ends, channels, **_IMAGENET, reach=reach, of_input=True)


# The layer names are those of Keras 3.15. By the name of `model.encoder`.
APPLICATIONS: dict[str, Application] = {
    "efficientnet_v2_b0": _v2(
        keras.applications.EfficientNetV2B0,
        "1a_project_activation 2b_add 3b_add 5e_add 6h_add",
        (16, 32, 48, 112, 192),
        **_IMAGENET,
    ),
    "efficientnet_v2_b1": _v2(
        keras.applications.EfficientNetV2B1,
        "1b_add 2c_add 3c_add 5f_add 6i_add",
        (16, 32, 48, 112, 192),
        **_IMAGENET,
    ),
    "efficientnet_v2_b2": _v2(
        keras.applications.EfficientNetV2B2,
        "1b_add 2c_add 3c_add 5f_add 6j_add",
        (16, 32, 56, 120, 208),
        **_IMAGENET,
    ),
    "efficientnet_v2_b3": _v2(
        keras.applications.EfficientNetV2B3,
        "1b_add 2c_add 3c_add 5g_add 6l_add",
        (16, 40, 56, 136, 232),
        **_IMAGENET,
    ),
    "efficientnet_v2_s": _v2(
        keras.applications.EfficientNetV2S,
        "1b_add 2d_add 3d_add 5i_add 6o_add",
        (24, 48, 64, 160, 256),
        scale=1 / 128,
        offset=-1.0,
    ),
    "mobilenet_v3_large": Application(
        keras.applications.MobileNetV3Large,
        {
            2: "expanded_conv_add",
            4: "expanded_conv_2_add",
            8: "expanded_conv_5_add",
            16: "expanded_conv_11_add",
            32: "expanded_conv_14_add",
        },
        (16, 24, 40, 112, 160),
        **_UNIT,
        reach=None,
    ),
    "resnet50": Application(
        keras.applications.ResNet50,
        {
            2: "conv1_relu",
            4: "conv2_block3_out",
            8: "conv3_block4_out",
            16: "conv4_block6_out",
            32: "conv5_block3_out",
        },
        (64, 256, 512, 1024, 2048),
        scale=1.0,
        offset=[-103.939, -116.779, -123.68],
        reach=241,
        bgr=True,
        preprocessing_inside=False,
    ),
    "resnet50_v2": Application(
        keras.applications.ResNet50V2,
        {
            2: "conv1_conv",
            4: "conv2_block3_1_relu",
            8: "conv3_block4_1_relu",
            16: "conv4_block6_1_relu",
            32: "post_relu",
        },
        (64, 64, 128, 256, 2048),
        **_UNIT,
        reach=241,
        preprocessing_inside=False,
    ),
    "convnext_tiny": _convnext(keras.applications.ConvNeXtTiny, "convnext_tiny", reach=828),
    "convnext_small": _convnext(keras.applications.ConvNeXtSmall, "convnext_small", reach=1692),
}


class KerasApplication:
    """The feature maps of one row of `APPLICATIONS`. The contract is in `contract.Encoder`.

    Stochastic depth is left out: it is a regulariser for long schedules, and its generators would
    be one more state to keep.
    """

    weights = ("imagenet",)

    def __init__(self, model: ModelConfig, block: ConvolutionBlock, *, row: Application):
        self._row, self._block = row, block
        self.reach, self.channels = row.reach, tuple(row.channels)
        self.strides = tuple(row.ends) if not row.of_input else (*row.ends, 32)
        self.decoder_channels = DECODER_CHANNELS
        self.batch_norms: tuple[str, ...] = ()  # known with the layers

    @property
    def stride(self) -> int:
        return self.strides[-1]

    def preprocess(self, image):
        if self._row.bgr:
            image = ReverseChannels(dtype="float32", name="bgr")(image)
        return layers.Rescaling(
            self._row.scale, offset=self._row.offset, dtype="float32", name="normalize"
        )(image)

    def features(self, x) -> dict[int, object]:
        # Keras draws seeds for this one, whose weights are thrown away.
        with random_state_kept():
            source = self._application(None)
        norms = (n for n in source.layers if isinstance(n, layers.BatchNormalization))
        self.batch_norms = tuple(norm.name for norm in norms)
        return dict(zip(self.strides, copied_graph(source, x, self._own), strict=True))

    def _application(self, weights: str | None) -> keras.Model:
        """Its layers from the image to the feature maps alone."""
        inside = {"include_preprocessing": False} if self._row.preprocessing_inside else {}
        whole = self._row.build(
            weights=weights, include_top=False, input_shape=(None, None, 3), **inside
        )
        ends = [whole.get_layer(name) for name in self._row.ends.values()]
        if self._row.of_input:
            # The last end is the net's own output, less the normalisation behind it.
            outputs = [*(end.input for end in ends), whole.layers[-1].input]
        else:
            outputs = [end.output for end in ends]
        return keras.Model(whole.input, outputs)

    def _own(self, operation) -> Callable:
        """A new layer or operation like this one, of this net."""
        if isinstance(operation, keras.Sequential):
            parts = [self._own(layer) for layer in operation.layers]
            return lambda x: reduce(lambda value, part: part(value), parts, x)
        block, config = self._block, operation.get_config()
        if not isinstance(operation, layers.Layer):
            return self._own_arithmetic(operation)
        config["dtype"] = block.dtype
        for name, value in config.items():
            if name.endswith("_initializer") and value and "seed" in value["config"]:
                seeded = {**value["config"], "seed": next(block.seeds)}
                config[name] = {**value, "config": seeded}
        if isinstance(operation, layers.BatchNormalization):
            own = {"momentum": block.batch_norm_momentum, "synchronized": block.batch_norm_sync}
            return FusedBatchNormalization.from_config({**config, **own})
        if isinstance(operation, layers.Conv2D) and config["groups"] > 1:
            return _depthwise(config)
        if isinstance(operation, layers.Dropout):
            return layers.Identity(dtype=block.dtype, name=operation.name)
        if isinstance(operation, layers.Activation) and config["activation"] == "gelu":
            return Gelu(dtype=block.dtype, name=operation.name)
        return operation.__class__.from_config(config)

    def _own_arithmetic(self, operation) -> Callable:
        """For `x + 3` and the like, which Keras writes as operations without a dtype policy."""
        if operation.__class__.__name__ != "Add":
            return operation.__class__.from_config(operation.get_config())

        def add(x, other):
            if isinstance(other, int | float):
                return AddNumber(other, dtype=self._block.dtype)(x)
            return layers.Add(dtype=self._block.dtype)([x, other])

        return add

    def load_weights(self, net: keras.Model, source: str | Path) -> None:
        try:
            with random_state_kept():
                trained = self._application(str(source))
        except Exception as error:  # Keras raises plain ones, too, when there is no network
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise UserError(self._explain(source, reason)) from None
        parts = (part for layer in trained.layers for part in getattr(layer, "layers", [layer]))
        for layer in parts:
            if layer.weights:
                target, arrays = net.get_layer(layer.name), layer.get_weights()
                if isinstance(target, layers.DepthwiseConv2D) and layer.__class__ is layers.Conv2D:
                    arrays[0] = arrays[0].transpose(0, 1, 3, 2)
                target.set_weights(arrays)

    def _explain(self, source: str | Path, reason: str) -> str:
        name = self._row.build.__name__
        if source != "imagenet":
            return (
                f"{source}: not weights of {name} without its top, as Keras saves them ({reason})"
            )
        return (
            f"model.encoder_weights=imagenet: the weights of {name} are not in ~/.keras/models "
            f"and cannot be downloaded ({reason}); put Keras' file there, or name one: "
            "model.encoder_weights=FILE.weights.h5, or none for new weights"
        )


def _depthwise(config: dict) -> layers.DepthwiseConv2D:
    """Of a convolution with as many groups as channels, which TensorFlow has no CPU kernel for."""
    assert config["groups"] == config["filters"], "groups of more than one channel"
    same = ("kernel_size", "strides", "padding", "use_bias", "bias_initializer", "name", "dtype")
    return layers.DepthwiseConv2D(
        **{key: config[key] for key in same}, depthwise_initializer=config["kernel_initializer"]
    )
