"""What is used of Keras and TensorFlow without being part of their public interface, all of it.

It may change with any minor version: the reason why requirements.txt holds both to one.
"""

import keras
import tensorflow as tf
from tensorflow.python.ops import control_flow_util


def layer_that_made(tensor: keras.KerasTensor) -> keras.layers.Layer:
    """The layer of a functional model whose output is the symbolic `tensor`."""
    return tensor._keras_history.operation


def next_seed(layer: keras.layers.Dropout) -> tf.Tensor:
    """int32 (2,): what Keras' Dropout would draw with now; counts its generator on."""
    return tf.cast(layer.seed_generator.next() % (tf.int32.max - 1), tf.int32)


def adam_moments(
    optimizer: keras.optimizers.Adam, variable: keras.Variable
) -> tuple[keras.Variable, keras.Variable]:
    """The running means of the gradient of `variable` and of its square."""
    index = optimizer._get_variable_index(variable)
    return optimizer._momentums[index], optimizer._velocities[index]


class TakesSummedGradients:
    """Mixin: an optimizer whose gradients have been summed over the replicas already.

    Keras' optimizers clip first and sum then, which makes another update of the same batch.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars):
        return list(grads_and_vars)


def compiled_by_xla() -> bool:
    """Whether what is traced now is for a `tf.function` with `jit_compile`."""
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(
        tf.compat.v1.get_default_graph()
    )
