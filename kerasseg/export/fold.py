"""A finished net for inference: BatchNorm folded into the convolutions in front of it."""

import keras
import numpy as np

from kerasseg.models.keras_internals import layer_that_made, layers_that_read
from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.models.layers.padding import ReflectPad

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


def fold_batch_norm(net: keras.Model, *, copies: bool) -> keras.Model:
    """A copy that gives the answers of `net` for inference, to rounding, without the BatchNorms
    that follow a convolution.

    A convolution with kernel W and bias b, then BatchNorm with scale s = gamma / sqrt(variance +
    epsilon), is a convolution with s W and s (b - mean) + beta: one pass over each feature map
    less, and convolution, bias and ReLU become one op in TensorFlow. What else reads the
    convolution, or another layer in front of it, keeps a BatchNorm.
    copies: mirror edges by copies; TensorFlow is faster with them, ONNX Runtime with one op.
    """
    folded_into = {}  # convolution -> the BatchNorm behind it, by name
    for layer in net.layers:
        if isinstance(layer, FusedBatchNormalization):
            before = layer_that_made(layer.input)
            if isinstance(before, _CONVOLUTIONS) and len(layers_that_read(before.output)) == 1:
                folded_into[before.name] = layer
    norms = {norm.name for norm in folded_into.values()}

    def without(layer: keras.Layer) -> keras.Layer:
        if layer.name in norms:
            return keras.layers.Identity(dtype=layer.dtype_policy, name=layer.name)
        changed: dict[str, bool] = {"copies": copies} if isinstance(layer, ReflectPad) else {}
        if layer.name in folded_into:
            changed = {"use_bias": True}
        return layer.__class__.from_config({**layer.get_config(), **changed})

    folded = keras.models.clone_model(net, clone_function=without)
    weights = {layer.name: layer.get_weights() for layer in net.layers}
    for name, norm in folded_into.items():
        gamma, beta, mean, variance = (w.astype(np.float64) for w in weights[norm.name])
        kernel, *bias = weights[name]
        scale = gamma / np.sqrt(variance + norm.epsilon)
        # The channels of a depthwise kernel come before its multiplier, which is 1.
        depthwise = isinstance(net.get_layer(name), keras.layers.DepthwiseConv2D)
        scaled = kernel * (scale[:, None] if depthwise else scale)
        weights[name] = [scaled, ((bias[0] if bias else 0.0) - mean) * scale + beta]
    for layer in folded.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    return folded
