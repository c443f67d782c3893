"""A finished net for inference: BatchNorm folded into the convolutions in front of it."""

import keras
import numpy as np

from kerasseg.models.keras_internals import layer_that_made
from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.models.layers.padding import ReflectPad


def fold_batch_norm(net: keras.Model, *, copies: bool) -> keras.Model:
    """A copy that gives the answers of `net` for inference, to rounding, without its BatchNorms.

    A convolution with kernel W and bias b, then BatchNorm with scale s = gamma / sqrt(variance +
    epsilon), is a convolution with s W and s (b - mean) + beta: one pass over each feature map
    less, and convolution, bias and ReLU become one op in TensorFlow.
    copies: mirror edges by copies; TensorFlow is faster with them, ONNX Runtime with one op.
    """

    def without(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, FusedBatchNormalization):
            return keras.layers.Identity(dtype=layer.dtype_policy, name=layer.name)
        changed = {"copies": copies} if isinstance(layer, ReflectPad) else {}
        return layer.__class__.from_config({**layer.get_config(), **changed})

    folded = keras.models.clone_model(net, clone_function=without)
    weights = {layer.name: layer.get_weights() for layer in net.layers}
    for layer in net.layers:
        if isinstance(layer, FusedBatchNormalization):
            convolution = layer_that_made(layer.input)
            gamma, beta, mean, variance = (w.astype(np.float64) for w in weights[layer.name])
            kernel, bias = weights[convolution.name]
            scale = gamma / np.sqrt(variance + layer.epsilon)
            weights[convolution.name] = [kernel * scale, (bias - mean) * scale + beta]
    for layer in folded.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    return folded
