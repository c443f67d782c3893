"""Activations, and parts of them, in ops that can be converted to ONNX."""

import math

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kerasseg")
class Gelu(keras.layers.Layer):
    """x / 2 * (1 + erf(x / sqrt(2))) (Hendrycks and Gimpel 2016, arXiv:1606.08415).

    Keras' own is written with erfc, which ONNX does not have. Any shape; like x, any float.
    """

    def call(self, x):
        return 0.5 * x * (1.0 + tf.math.erf(x * tf.cast(math.sqrt(0.5), x.dtype)))

    def compute_output_shape(self, shape):
        return shape


@keras.saving.register_keras_serializable("kerasseg")
class AddNumber(keras.layers.Layer):
    """x + number. Any shape; like x, any float.

    As a subtraction of a tensor of rank 1: tf2onnx cannot move a transposition past a scalar, and
    TensorFlow fuses the addition of one to a convolution into an op that oneDNN does not have.
    """

    def __init__(self, number: float, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def call(self, x):
        return x - tf.constant([-self.number], x.dtype)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "number": self.number}
