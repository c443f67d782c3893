"""Keras' and TensorFlow's internals are what they are taken for, and are touched in one place."""

import ast
from collections import Counter
from contextlib import nullcontext

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.eager import context as eager_context

from kerasseg.models.keras_internals import (
    TakesSummedGradients,
    adam_moments,
    compiled_by_xla,
    layer_that_made,
    next_seed,
    sums_in_order,
)
from tests.structure.source import imports, modules

INTERNALS = "kerasseg.models.keras_internals"


def private_names(tree):
    """Attributes and methods whose name starts with one underscore."""
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def test_no_other_module_touches_them():
    trees = modules()
    names = private_names(trees.pop(INTERNALS))
    assert names == {
        "_all_reduce_sum_gradients",
        "_apply_weight_decay",
        "_get_variable_index",
        "_keras_history",
        "_momentums",
        "_outbound_nodes",
        "_run_through_graph",
        "_use_weight_decay",
        "_var_key",
        "_velocities",
    }
    names.add("seed_generator")
    for module, tree in trees.items():
        attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & (attributes | private_names(tree)), module
        private = ("keras.src", "tensorflow.python")
        assert not [name for name in imports(tree) if name.startswith(private)], module


def test_a_tensor_knows_its_layer():
    image = keras.Input((8, 8, 3))
    convolution = keras.layers.Conv2D(4, 3)
    features = convolution(image)
    norm = keras.layers.BatchNormalization()
    keras.Model(image, norm(features))
    assert layer_that_made(norm.input) is convolution


def test_the_seed_is_the_one_that_keras_draws_with():
    images = np.ones((2, 5, 7), np.float32)
    ours, plain = keras.layers.Dropout(0.3, seed=7), keras.layers.Dropout(0.3, seed=7)
    for _ in range(3):
        uniform = tf.random.stateless_uniform(images.shape, seed=next_seed(ours))
        kept = plain(images, training=True) != 0
        np.testing.assert_array_equal(uniform >= 0.3, kept)


@pytest.mark.parametrize("jit", [False, True])
def test_a_trace_knows_whether_it_is_for_xla(jit):
    said = []

    @tf.function(jit_compile=jit)
    def outer(x):
        said.append(compiled_by_xla())
        # As the gradient of a custom one, or a loop, is traced: a graph inside the graph.
        tf.function(lambda y: said.append(compiled_by_xla()) or y)(x)
        return x + 1

    outer(tf.constant(1.0))
    assert said == [jit, jit]
    assert not compiled_by_xla()


def test_sums_stay_sums():
    # Large enough for the memory optimizer, which takes a CPU to have 256 MiB: 12 times 20 MB.
    parts = tf.zeros([5_000_000])

    def op_counts(way):
        def total(parts):
            return tf.reduce_sum(tf.add_n([tf.exp(parts * float(k)) for k in range(12)]))

        context = eager_context.context()
        context.enable_graph_collection()
        try:
            with way():
                tf.function(total, autograph=False)(parts)
            graphs = context.export_run_metadata().partition_graphs
        finally:
            context.disable_graph_collection()
        return Counter(node.op for graph in graphs for node in graph.node)

    # A variable that all are added to, in the order in which they are ready.
    assert op_counts(nullcontext)["TemporaryVariable"] == 1
    ordered = op_counts(sums_in_order)
    assert (ordered["AddN"], ordered["TemporaryVariable"]) == (1, 0)


def test_what_was_set_for_graphs_is_set_again():
    context = eager_context.context()
    before = context.function_call_options
    with sums_in_order():
        assert context.function_call_options is not before
    assert context.function_call_options is before


def test_the_moments_are_those_of_the_variable():
    weights = [keras.Variable(np.zeros(2, np.float32), name=name) for name in ("a", "b")]
    optimizer = keras.optimizers.Adam(beta_1=0.75, beta_2=0.5)
    optimizer.build(weights)
    optimizer.apply([tf.constant([0.0, 0.0]), tf.constant([1.0, 2.0])], weights)
    mean, square = adam_moments(optimizer, weights[1])
    np.testing.assert_allclose(mean, [0.25, 0.5])
    np.testing.assert_allclose(square, [0.5, 2.0])
    assert [float(np.abs(m).max()) for m in adam_moments(optimizer, weights[0])] == [0.0, 0.0]


def test_keras_sums_over_the_replicas_in_the_method_that_is_replaced():
    calls = []

    class Counted(TakesSummedGradients, keras.optimizers.SGD):
        def _all_reduce_sum_gradients(self, grads_and_vars):
            calls.append(len(grads_and_vars))
            return super()._all_reduce_sum_gradients(grads_and_vars)

    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        weight = keras.Variable(np.zeros(1, np.float32))
        optimizer = Counted(learning_rate=1.0)
        optimizer.build([weight])
    strategy.run(lambda: optimizer.apply([tf.constant([1.0])], [weight]))
    assert calls == [1]
    np.testing.assert_array_equal(weight, [-1.0])
