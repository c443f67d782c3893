"""The net alone as an ONNX graph of one size, out of what other readers of ONNX take."""

import onnx
import tensorflow as tf
import tf2onnx
from onnxruntime.transformers.float16 import convert_float_to_float16

from kerasseg.export.formats.onnx_graph import eager_collection
from kerasseg.export.formats.plain_ops import OPSET, demand_plain
from kerasseg.inference.fixed_size import NET_OUTPUTS
from kerasseg.models.layers.padding import mirrored_indices
from kerasseg.models.serving_graph import ServingGraph


def convert_plain(graph: ServingGraph, *, size: tuple[int, int]) -> onnx.ModelProto:
    """image float32 (1, 3, H, W) in 0…1, RGB, to float32 logits (1, outputs, H, W) and
    spread (1, 1, H, W), see `ServingGraph.net_answers`.

    size: (H, W). Raises UserError if the net needs what is not in `plain_ops`.
    """
    image = tf.TensorSpec([1, 3, *size], tf.float32, name="image")
    more = graph.mirrored(size)

    def answers(image: tf.Tensor) -> dict[str, tf.Tensor]:
        # What the net would do to the image between channels-last axes; OpenCV pads no others but
        # the last two, and the converter does not move such a step past a transposition.
        for axis, (side, after) in enumerate(zip(size, more, strict=True), start=2):
            if after:
                image = tf.gather(image, mirrored_indices(side, after=after), axis=axis)
        net = graph.net_answers(tf.transpose(image, [0, 2, 3, 1]) * 255.0)
        named = {}
        for name, answer in zip(NET_OUTPUTS, net, strict=True):
            answer = tf.transpose(answer, [0, 3, 1, 2])
            named[name] = answer[:, :, : size[0], : size[1]] if any(more) else answer
        return named

    with eager_collection():
        model, _ = tf2onnx.convert.from_function(
            tf.function(answers, input_signature=[image], autograph=False),
            input_signature=[image],
            opset=OPSET,
        )
    return _checked(model)


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """The plain graph with weights and arithmetic in float16, input and output in float32."""
    small = convert_float_to_float16(model, keep_io_types=True)
    # The cast of the input comes last; readers want it before what reads it.
    taken = small.graph.input[0].name
    nodes = sorted(small.graph.node, key=lambda node: taken not in node.input)
    del small.graph.node[:]
    small.graph.node.extend(nodes)
    return _checked(small)


def _checked(model: onnx.ModelProto) -> onnx.ModelProto:
    standard = [entry for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    del model.opset_import[:]
    model.opset_import.extend(standard)  # tf2onnx names others that it did not use
    demand_plain(model)
    return model
