"""`config.pbtxt` against Triton's own proto and against the file that it describes."""

import onnx
import pytest
from google.protobuf import text_format

from kerasseg.export.formats.triton import triton_config

ONNX_TYPES = {onnx.TensorProto.UINT8: "TYPE_UINT8", onnx.TensorProto.FLOAT: "TYPE_FP32"}


def tensor(name, kind, *shape):
    return onnx.helper.make_tensor_value_info(name, kind, shape)


def model(*outputs):
    """A graph with the inputs and outputs of an export, and nothing in between."""
    axes = ("batch", "height", "width")
    image = tensor("image", onnx.TensorProto.UINT8, *axes, 3)
    return onnx.helper.make_model(onnx.helper.make_graph([], "g", [image], list(outputs)))


def outputs(*, probabilities):
    axes = ("batch", "height", "width")
    yield tensor("labels", onnx.TensorProto.UINT8, *axes)
    yield tensor("confidence", onnx.TensorProto.FLOAT, *axes)
    yield tensor("uncertainty", onnx.TensorProto.FLOAT, *axes)
    yield tensor("image_uncertainty", onnx.TensorProto.FLOAT, "batch")
    if probabilities:
        yield tensor("probabilities", onnx.TensorProto.FLOAT, *axes, 20)


@pytest.mark.parametrize("probabilities", [False, True])
def test_it_is_what_triton_reads(probabilities):
    protos = pytest.importorskip("tritonclient.grpc.model_config_pb2", exc_type=ImportError)
    graph = model(*outputs(probabilities=probabilities))
    config = text_format.Parse(triton_config(graph), protos.ModelConfig())
    assert (config.backend, config.name, config.max_batch_size) == ("onnxruntime", "", 4)
    assert config.HasField("dynamic_batching")
    for described, real in (
        (config.input, graph.graph.input),
        (config.output, graph.graph.output),
    ):
        assert [t.name for t in described] == [value.name for value in real]
        for t, value in zip(described, real, strict=True):
            kind = value.type.tensor_type
            assert protos.DataType.Name(t.data_type) == ONNX_TYPES[kind.elem_type]
            # Without the batch: Triton adds it. A side that may be any is -1.
            sides = [axis.dim_value or -1 for axis in kind.shape.dim[1:]]
            assert list(t.dims) == (sides or [1])
            assert t.HasField("reshape") == (not sides)
            assert list(t.reshape.shape) == []


def test_the_text_itself():
    lines = triton_config(model(*outputs(probabilities=True))).splitlines()
    assert 'input { name: "image" data_type: TYPE_UINT8 dims: [-1, -1, 3] }' in lines
    assert 'output { name: "labels" data_type: TYPE_UINT8 dims: [-1, -1] }' in lines
    number = "data_type: TYPE_FP32 dims: [1] reshape { shape: [] }"
    assert f'output {{ name: "image_uncertainty" {number} }}' in lines
    assert 'output { name: "probabilities" data_type: TYPE_FP32 dims: [-1, -1, 20] }' in lines
    with pytest.raises(KeyError):
        triton_config(model(tensor("labels", onnx.TensorProto.DOUBLE, "batch")))
