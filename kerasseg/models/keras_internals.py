"""What is used of Keras and TensorFlow without being part of their public interface, all of it.

It may change with any minor version: the reason why requirements.txt holds both to one.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import keras
import tensorflow as tf
from tensorflow.core.protobuf import rewriter_config_pb2
from tensorflow.python.eager import context as eager_context
from tensorflow.python.ops import control_flow_util


def layer_that_made(tensor: keras.KerasTensor) -> keras.layers.Layer:
    """The layer of a functional model whose output is the symbolic `tensor`."""
    return tensor._keras_history.operation


def next_seed(layer: keras.layers.Dropout, *, counts_on: bool | tf.Tensor = True) -> tf.Tensor:
    """int32 (2,): what Keras' Dropout would draw with now.

    counts_on: whether its generator counts on, so that the next draw is another one.
    """
    generator = layer.seed_generator
    seed = generator.next()
    if counts_on is not True:
        generator.state.assign(tf.where(counts_on, generator.state.value, seed))
    return tf.cast(seed % (tf.int32.max - 1), tf.int32)


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


class RatesByVariable:
    """Mixin: an optimizer in which some variables follow a part of the learning rate.

    Weight decay is decoupled, w -= decay * rate * w before each update, and takes the same part.
    """

    rate_factor = None

    def follow(self, variables: Sequence[keras.Variable], factor: Callable) -> None:
        """`variables` move at factor(step) times the learning rate; step: int64 scalar."""
        self.rate_factor = factor
        self.of_factor = frozenset(map(self._var_key, variables))

    def _apply_weight_decay(self, variables):
        if self.rate_factor is None:
            super()._apply_weight_decay(variables)

    def update_step(self, gradient, variable, learning_rate):
        if self.rate_factor is not None:
            if self._var_key(variable) in self.of_factor:
                learning_rate = learning_rate * self.rate_factor(self.iterations.value)
            if self.weight_decay is not None and self._use_weight_decay(variable):
                decay = tf.cast(self.weight_decay, variable.dtype)
                variable.assign_sub(variable * decay * tf.cast(learning_rate, variable.dtype))
        super().update_step(gradient, variable, learning_rate)


def layers_that_read(tensor: keras.KerasTensor) -> list[keras.layers.Layer]:
    """What takes the symbolic `tensor` of a functional model, in this model or another."""
    layer = layer_that_made(tensor)
    return [node.operation for node in layer._outbound_nodes]


def copied_graph(model: keras.Model, x, copy: Callable) -> list[keras.KerasTensor]:
    """The outputs of a functional model of one input, for `x`, through copies of its operations.

    copy: operation, layers among them, to what is called in its place. `clone_model` makes a model
    with an input of its own, whose layers are not those of the net around it.
    """

    def call(operation, *arguments, mask=None, **keywords):
        return operation(*arguments, **keywords)

    return model._run_through_graph([x], operation_fn=copy, call_fn=call)


@contextmanager
def random_state_kept() -> Iterator[None]:
    """What is built in here, with seeds that Keras draws, leaves Python's generator as it was."""
    before = random.getstate()
    try:
        yield
    finally:
        random.setstate(before)


def compiled_by_xla() -> bool:
    """Whether what is traced now is for a `tf.function` with `jit_compile`."""
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(
        tf.compat.v1.get_default_graph()
    )


@contextmanager
def sums_in_order() -> Iterator[None]:
    """Graphs that are called in here for the first time add up in one order, always.

    TensorFlow's memory optimizer makes of a sum of three tensors or more a variable that each is
    added to when it is ready, so that the order depends on the threads. It alone is switched off;
    `tf.config.optimizer` has no switch for it.
    """
    context = eager_context.context()
    before = context.function_call_options
    config = context.config
    options = config.graph_options.rewrite_options
    options.memory_optimization = rewriter_config_pb2.RewriterConfig.NO_MEM_OPT
    context.function_call_options = eager_context.FunctionCallOptions(
        before.executor_type, config_proto=config
    )
    try:
        yield
    finally:
        context.function_call_options = before
