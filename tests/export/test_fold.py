"""A folded net against the one that it was made of."""

import keras
import numpy as np
import pytest

from kerasseg.config import ModelConfig
from kerasseg.data.working_scale import WorkingScale
from kerasseg.export.fold import fold_batch_norm
from kerasseg.export.formats.onnx_graph import convert
from kerasseg.models.build import build_net
from kerasseg.models.serving_graph import ServingGraph

OUTPUTS = 5


def trained_like(**settings) -> keras.Model:
    """A net whose BatchNorms have statistics, scales and offsets of their own."""
    model = ModelConfig(width=4, depth=2, **settings)
    net = build_net(model, outputs=OUTPUTS, seed=0, precision="float32")
    rng = np.random.default_rng(0)
    for layer in net.layers:
        if "norm" in layer.name and layer.weights:
            gamma, beta, mean, variance = (rng.uniform(0.5, 2.0, w.shape) for w in layer.weights)
            layer.set_weights([gamma, beta - 1.0, mean - 1.0, variance])
    return net


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("padding", ["zero", "reflect"])
@pytest.mark.parametrize("upsampling", ["transposed", "pixel_shuffle", "resize"])
def test_it_answers_as_before_without_a_single_batch_norm(padding, upsampling, copies):
    net = trained_like(padding=padding, upsampling=upsampling)
    before = [weight.numpy() for weight in net.weights]
    folded = fold_batch_norm(net, copies=copies)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in folded.layers)
    image = np.random.default_rng(1).integers(0, 256, (2, 21, 38, 3)).astype(np.float32)
    for found, expected in zip(folded(image), net(image), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    for weight, values in zip(net.weights, before, strict=True):
        np.testing.assert_array_equal(weight, values)


@pytest.mark.parametrize(("copies", "pads"), [(True, 0), (False, 10)])
def test_the_padding_of_the_onnx_file_is_one_op_each(copies, pads):
    net = fold_batch_norm(trained_like(), copies=copies)
    graph = ServingGraph(net, scale=WorkingScale((16, 16)), background_id=4, dropout_rate=0.3)
    kinds = [node.op_type for node in convert(graph, probabilities=False).graph.node]
    assert kinds.count("Pad") == pads
    assert "BatchNormalization" not in kinds


def test_the_tensorflow_graph_of_it_holds_no_batch_norm():
    net = fold_batch_norm(trained_like(), copies=True)
    graph = ServingGraph(net, scale=WorkingScale((16, 16)), background_id=4, dropout_rate=0.3)
    definition = graph.predict.get_concrete_function().graph.as_graph_def()
    kinds = {node.op for node in definition.node}
    kinds |= {node.op for function in definition.library.function for node in function.node_def}
    assert "Conv2D" in kinds
    assert not [kind for kind in kinds if "BatchNorm" in kind]
