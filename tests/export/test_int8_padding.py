"""INT8 files mirror their edges as integers, and answer as they did."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from kerasseg.config import ModelConfig
from kerasseg.data.working_scale import WorkingScale
from kerasseg.export.fold import fold_batch_norm
from kerasseg.export.formats.onnx_graph import convert
from kerasseg.export.int8 import quantize
from kerasseg.export.int8_padding import pad_before_dequantizing
from kerasseg.models.build import build_net
from kerasseg.models.serving_graph import ServingGraph


def chain(*, mode: str, other_reader: bool) -> onnx.ModelProto:
    """uint8 (1, 1, 5, 6) -> Dequantize, Pad, Quantize, Dequantize, as the quantiser leaves it."""
    constants = {
        "scale": np.float32(0.5),
        "zero": np.uint8(3),
        "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    }
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "scale", "zero"], ["real"]),
        helper.make_node("Pad", ["real", "pads"], ["padded"], mode=mode),
        helper.make_node("QuantizeLinear", ["padded", "scale", "zero"], ["again"]),
        helper.make_node("DequantizeLinear", ["again", "scale", "zero"], ["y"]),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 7, 8])]
    if other_reader:
        nodes.append(helper.make_node("Neg", ["real"], ["z"]))
        outputs.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1, 1, 5, 6]))
    graph = helper.make_graph(
        nodes,
        "chain",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 1, 5, 6])],
        outputs,
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
        value_info=[helper.make_tensor_value_info("padded", TensorProto.FLOAT, [1, 1, 7, 8])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def run(model: onnx.ModelProto) -> list[np.ndarray]:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    pixels = np.random.default_rng(0).integers(0, 256, (1, 1, 5, 6)).astype(np.uint8)
    return session.run(None, {"x": pixels})


@pytest.mark.parametrize("other_reader", [False, True])
def test_the_chain_is_shorter_and_says_the_same(other_reader):
    model = chain(mode="reflect", other_reader=other_reader)
    expected = run(model)
    assert pad_before_dequantizing(model) == 1
    for found, values in zip(run(model), expected, strict=True):
        np.testing.assert_array_equal(found, values)
    kinds = [node.op_type for node in model.graph.node]
    assert "QuantizeLinear" not in kinds
    assert kinds.count("DequantizeLinear") == 1 + other_reader


def test_a_padding_with_zeros_is_left_alone():
    model = chain(mode="constant", other_reader=False)
    before = model.SerializeToString()
    assert pad_before_dequantizing(model) == 0
    assert model.SerializeToString() == before


def test_every_inner_padding_of_an_int8_net_is_of_integers(tmp_path):
    net = build_net(ModelConfig(width=4, depth=2), outputs=5, seed=0, precision="float32")
    graph = ServingGraph(
        fold_batch_norm(net, copies=False),
        scale=WorkingScale((32, 48)), background_id=4, dropout_rate=0.3,
    )  # fmt: skip
    source, target = tmp_path / "model.onnx", tmp_path / "model.int8.onnx"
    onnx.save(convert(graph, probabilities=False), source)
    images = [np.random.default_rng(i).integers(0, 256, (32, 48, 3), np.uint8) for i in range(4)]
    quantize(source, target, images=images, scale=WorkingScale((32, 48)))
    model = onnx.load(target)
    makers = {output: node.op_type for node in model.graph.node for output in node.output}
    pads = [makers.get(n.input[0]) for n in model.graph.node if n.op_type == "Pad"]
    assert len(pads) == 10
    assert "DequantizeLinear" not in pads
    # An 8-bit net of random weights ranks the classes as the float one does, nearly everywhere.
    answers = [
        onnxruntime.InferenceSession(path).run(["labels", "confidence"], {"image": images[0][None]})
        for path in (source, target)
    ]
    assert (answers[0][0] == answers[1][0]).mean() > 0.8
    assert np.abs(answers[0][1] - answers[1][1]).mean() < 0.1
