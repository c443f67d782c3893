"""Padding of quantised feature maps as they are, instead of as float32."""

from collections import defaultdict

import onnx


def pad_before_dequantizing(model: onnx.ModelProto) -> int:
    """Changes Dequantize, Pad (reflect), Quantize, Dequantize into Pad, Dequantize. How many.

    ONNX Runtime pads in float32 what the quantiser leaves so: four bytes a value instead of one,
    and two conversions. Mirroring makes no new values, so it needs no range of its own either.
    """
    nodes = model.graph.node
    made_by = {output: node for node in nodes for output in node.output}
    readers: dict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in nodes:
        for name in node.input:
            readers[name].append(node)

    def only_reader(name: str, kind: str) -> onnx.NodeProto | None:
        reading = readers[name]
        return reading[0] if len(reading) == 1 and reading[0].op_type == kind else None

    types = {value.name: value for value in model.graph.value_info}
    moved = 0
    for pad in [node for node in nodes if node.op_type == "Pad"]:
        before = made_by.get(pad.input[0])
        again = only_reader(pad.output[0], "QuantizeLinear")
        after = again and only_reader(again.output[0], "DequantizeLinear")
        mirrors = any(a.name == "mode" and a.s == b"reflect" for a in pad.attribute)
        if not (mirrors and after and before and before.op_type == "DequantizeLinear"):
            continue
        pad.input[0] = before.input[0]
        if pad.output[0] in types:  # noted as float32
            model.graph.value_info.remove(types[pad.output[0]])
        # The last node keeps its place and its readers, with the scale of the first.
        after.input[:] = [pad.output[0], *before.input[1:]]
        nodes.remove(again)
        if len(readers[before.output[0]]) == 1:
            nodes.remove(before)
        else:
            readers[before.output[0]].remove(pad)
        moved += 1
    used = {name for node in nodes for name in node.input}
    for tensor in [t for t in model.graph.initializer if t.name not in used]:
        model.graph.initializer.remove(tensor)
    return moved
