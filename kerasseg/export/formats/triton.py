"""`config.pbtxt` beside an ONNX file: what Triton Inference Server has to be told of it.

Text format of `inference.ModelConfig`, Triton's model_config.proto.
"""

import onnx

FILE = "config.pbtxt"
_MAX_BATCH = 4  # images; each takes memory for its logits at its own size
_TYPES: dict[int, str] = {onnx.TensorProto.UINT8: "TYPE_UINT8", onnx.TensorProto.FLOAT: "TYPE_FP32"}
_CONFIG = """\
# For Triton: the folder that holds this model's is a model repository. Without a name in
# here, the folder's counts. Dims are those of one image: height, width and, of some, channels.
backend: "onnxruntime"
max_batch_size: {max_batch}
{tensors}
# Requests that wait for their turn are joined if their images have one size; none waits for others.
dynamic_batching {{ }}
"""


def triton_config(model: onnx.ModelProto) -> str:
    """The text for an ONNX graph whose inputs and outputs all begin with the axis of the batch.

    Raises KeyError for a tensor that is neither uint8 nor float32.
    """
    tensors = [
        *(_tensor("input", value) for value in model.graph.input),
        *(_tensor("output", value) for value in model.graph.output),
    ]
    return _CONFIG.format(max_batch=_MAX_BATCH, tensors="\n".join(tensors))


def _tensor(kind: str, value: onnx.ValueInfoProto) -> str:
    tensor = value.type.tensor_type
    sides = [axis.dim_value or -1 for axis in tensor.shape.dim[1:]]
    # A number an image: Triton asks for an axis, and takes it off again in front of the file.
    dims = ", ".join(map(str, sides)) if sides else "1"
    reshape = "" if sides else " reshape { shape: [] }"
    return (
        f'{kind} {{ name: "{value.name}" data_type: {_TYPES[tensor.elem_type]} '
        f"dims: [{dims}]{reshape} }}"
    )
