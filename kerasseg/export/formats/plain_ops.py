"""What may stand in a plain ONNX file: what TensorRT's parser and OpenCV's importer both take.

Sources: TensorRT 10.15, docs/operators.md of github.com/onnx/onnx-tensorrt (operators, types,
restrictions); OpenCV 4.x, `buildDispatchMap_ONNX_AI` in modules/dnn/src/onnx/onnx_importer.cpp. Of
what both have, the table holds what nets of this project are made of.
"""

from collections.abc import Iterator

import onnx
from onnx import TensorProto

from kerasseg.errors import UserError

OPSET = 17  # within TensorRT's 9 to 24; OpenCV 4 reads the axes of ReduceMean as opset 17 has them

# Operator -> which of its inputs must be constants of the file.
OPERATORS: dict[str, tuple[int, ...]] = {
    "Add": (),
    "AveragePool": (),
    "Cast": (),
    "Clip": (1, 2),
    "Concat": (),
    "Conv": (1, 2),
    "DepthToSpace": (),
    "DequantizeLinear": (1, 2),
    "Div": (),
    "Erf": (),
    "Gather": (1,),
    "GlobalAveragePool": (),
    "MatMul": (),
    "MaxPool": (),
    "Mul": (),
    "Neg": (),
    "Pad": (1, 2),
    "Pow": (),
    "QuantizeLinear": (1, 2),
    "Reciprocal": (),
    "ReduceMean": (),
    "Relu": (),
    "Reshape": (1,),
    "Resize": (1, 2, 3),
    "Sigmoid": (),
    "Slice": (1, 2, 3, 4),
    "Sqrt": (),
    "Squeeze": (1,),
    "Sub": (),
    "Tanh": (),
    "Transpose": (),
    "Unsqueeze": (1,),
}
# Integers of 8 bits stand between QuantizeLinear and DequantizeLinear only, whose zero point is 0.
FLOATS = {TensorProto.FLOAT, TensorProto.FLOAT16}
COMPUTED = FLOATS | {TensorProto.INT8}
CONSTANT = COMPUTED | {TensorProto.INT64, TensorProto.INT32}  # shapes, axes and indices
MODES = {"Pad": {b"constant", b"reflect"}, "Resize": {b"nearest", b"linear"}}


QUANTISERS = ("QuantizeLinear", "DequantizeLinear")


def demand_plain(model: onnx.ModelProto) -> None:
    """Raises UserError if the graph is not plain."""
    if problems := unsupported(model):
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise UserError(
            "onnx_plain: this net has what TensorRT and OpenCV do not both take: "
            f"{problems[0]}{more}"
        )


def unsupported(model: onnx.ModelProto) -> list[str]:
    """What of the graph is not in the tables, a phrase each; empty if it is plain.

    Every shape must be known, and every operator one of the standard's own.
    """
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    values = (*graph.input, *graph.value_info, *graph.output)
    types = {name: tensor.data_type for name, tensor in constants.items()}
    types |= {value.name: value.type.tensor_type.elem_type for value in values}
    found = [f"opset {entry.version}" for entry in model.opset_import if entry.version > OPSET]
    found += [
        f"{name}: type {TensorProto.DataType.Name(tensor.data_type)}"
        for name, tensor in constants.items()
        if tensor.data_type not in CONSTANT
    ]
    for value in values:
        kind = value.type.tensor_type
        if value.name not in constants and kind.elem_type not in COMPUTED:
            found.append(f"{value.name}: type {TensorProto.DataType.Name(kind.elem_type)}")
        if any(axis.dim_value < 1 for axis in kind.shape.dim):
            found.append(f"{value.name}: a shape that is not fixed")
    known = {*constants}
    for node in graph.node:
        found += _problems(node, constants, known)
        found += [f"{name}: type unknown" for name in node.output if name not in types]
        if node.op_type == "DequantizeLinear" and constants.keys() >= set(node.input):
            known.update(node.output)  # weights in integers
        bytes_in = [name for name in node.input if types.get(name) == TensorProto.INT8]
        if bytes_in and node.op_type not in QUANTISERS:
            found.append(f"{node.name}: {node.op_type} of INT8")
        if node.op_type == "DequantizeLinear" and types.get(node.input[0]) != TensorProto.INT8:
            found.append(f"{node.name}: DequantizeLinear of other than INT8")
    return found


def _problems(
    node: onnx.NodeProto, constants: dict[str, TensorProto], known: set[str]
) -> Iterator[str]:
    if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx"):
        yield f"{node.name}: operator {node.op_type}"
        return
    for index in OPERATORS[node.op_type]:
        name = node.input[index] if index < len(node.input) else ""
        if name and name not in known:
            yield f"{node.name}: input {index} of {node.op_type} is computed"
    for attribute in node.attribute:
        allowed = MODES.get(node.op_type, {attribute.s})
        if attribute.name == "mode" and attribute.s not in allowed:
            yield f"{node.name}: {node.op_type} with mode {attribute.s.decode()}"
    if node.op_type in QUANTISERS:
        zero = constants.get(node.input[2]) if len(node.input) > 2 else None
        if zero is not None and onnx.numpy_helper.to_array(zero).any():
            yield f"{node.name}: {node.op_type} with a zero point other than 0"
