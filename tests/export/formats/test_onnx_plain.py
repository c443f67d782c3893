"""The plain ONNX file: what is in it, and that OpenCV answers as ONNX Runtime does."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

import kerasseg
from kerasseg.export.formats.onnx_graph import write
from kerasseg.export.formats.plain_graph import convert_plain
from kerasseg.export.formats.plain_ops import OPSET, unsupported
from kerasseg.inference.backends.onnx_runtime import PlainOnnxPredictor, plain_input
from kerasseg.inference.backends.onnx_session import open_session
from kerasseg.runs.trained import open_run
from tests.export.untrained import make_run

SMALLER = ("model.plain.float16.onnx", "model.plain.int8.onnx")


@pytest.fixture(scope="module")
def odd(drawn, tmp_path_factory):
    """A plain file of a size that is padded inside, with bilinear up-sampling."""
    folder = tmp_path_factory.mktemp("plain")
    run = open_run(
        make_run(folder / "run", root=drawn, cache=folder / "c", **{"model.upsampling": "resize"})
    )
    model = convert_plain(run.graph(), size=(97, 131))
    write(model, folder / "model.plain.onnx", metadata={"kerasseg": run.description.to_text()})
    return folder / "model.plain.onnx"


@pytest.fixture(params=["working size", "odd size"])
def file(request, exported):
    return (
        exported / "model.plain.onnx"
        if request.param == "working size"
        else request.getfixturevalue("odd")
    )


@pytest.fixture(scope="module")
def image(drawn):
    return np.asarray(Image.open(min((drawn / "leftImg8bit" / "val").rglob("*.png"))))


@pytest.mark.parametrize(("name", "kind"), [*zip(SMALLER, ("FLOAT16", "INT8"), strict=True)])
def test_the_smaller_files_are_plain(name, kind, exported):
    model = onnx.load(exported / name)
    assert unsupported(model) == []
    assert TensorProto.DataType.Value(kind) in {
        tensor.data_type for tensor in model.graph.initializer
    }


def test_the_file_is_plain(file):
    model = onnx.load(file)
    assert unsupported(model) == []
    assert [entry.version for entry in model.opset_import] == [OPSET]
    values = [*model.graph.input, *model.graph.output]
    sizes = {v.name: [axis.dim_value for axis in v.type.tensor_type.shape.dim] for v in values}
    height, width = sizes["image"][2:]
    assert sizes == {
        "image": [1, 3, height, width],
        "logits": [1, 20, height, width],
        "spread": [1, 1, height, width],
    }
    assert {v.type.tensor_type.elem_type for v in values} == {TensorProto.FLOAT}


@pytest.mark.parametrize("name", ["model.plain.onnx", *SMALLER, "odd"])
def test_opencv_answers_as_onnx_runtime(name, request, exported, image):
    cv2 = pytest.importorskip("cv2", reason="opencv-python-headless is not installed")
    file = request.getfixturevalue("odd") if name == "odd" else exported / name
    height, width = (axis.dim_value for axis in onnx.load(file).graph.input[0].type.tensor_type
                     .shape.dim[2:])  # fmt: skip
    small = cv2.resize(image, (width, height))
    batch = plain_input(small)
    blob = cv2.dnn.blobFromImage(small[..., ::-1], 1 / 255, swapRB=True)  # OpenCV's own is BGR
    np.testing.assert_allclose(blob, batch, atol=1e-6)
    net = cv2.dnn.readNetFromONNX(str(file))
    net.setInput(blob)
    found = net.forward("logits")
    (expected,) = open_session(file).run(["logits"], {"image": batch})
    if "int8" in name:  # a value between two steps may go to either, and so on
        assert np.abs(found - expected).mean() < 0.01 * np.abs(expected).mean()
        return
    # float16 is rounded after other sums.
    tolerance = 0.02 if "float16" in name else 1e-3
    np.testing.assert_allclose(found, expected, atol=tolerance)
    # Where all features are 0, classes tie.
    chosen = np.take_along_axis(expected, found.argmax(axis=1)[:, None], axis=1)
    np.testing.assert_allclose(chosen[:, 0], expected.max(axis=1), atol=2 * tolerance)


def test_it_is_loaded_and_answers_at_the_size_of_the_image(exported, image):
    plain = kerasseg.load(exported / "model.plain.onnx")
    assert isinstance(plain, PlainOnnxPredictor)
    whole = kerasseg.load(exported / "model.onnx").predict(image)
    found = plain.predict(image, probabilities=True)
    assert (found.labels == whole.labels).mean() > 0.9999
    np.testing.assert_allclose(found.confidence, whole.confidence, atol=1e-3)
    np.testing.assert_allclose(found.uncertainty, whole.uncertainty, atol=1e-3)
    assert found.probabilities.shape == (*image.shape[:2], 20)
    assert plain.predict(image[:33, :21]).labels.shape == (33, 21)


def test_labels_json_says_what_is_done_to_an_image(exported):
    wanted = json.loads((exported / "labels.json").read_text())["plain_input"]
    assert wanted == {"size": [128, 256], "layout": "NCHW", "channels": "RGB", "divide_by": 255}


def graph_of(*nodes, taken=TensorProto.FLOAT, shape=(1, 3, 4, 4), constants=(), opset=OPSET):
    graph = helper.make_graph(
        list(nodes),
        "graph",
        [helper.make_tensor_value_info("x", taken, shape)],
        [helper.make_empty_tensor_value_info("y")],
        initializer=[onnx.numpy_helper.from_array(v, name) for name, v in constants],
    )
    domains = {"": opset, **{node.domain: 1 for node in nodes if node.domain}}
    imports = [helper.make_opsetid(name, version) for name, version in domains.items()]
    return helper.make_model(graph, opset_imports=imports)


SIZES = np.array([1, 3, 8, 8])


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        (graph_of(helper.make_node("CumSum", ["x"], ["y"])), "operator CumSum"),
        (graph_of(helper.make_node("Relu", ["x"], ["y"], domain="other")), "operator Relu"),
        (graph_of(helper.make_node("Relu", ["x"], ["y"]), shape=("n", 3, 4, 4)), "not fixed"),
        (graph_of(helper.make_node("Relu", ["x"], ["y"]), opset=18), "opset 18"),
        (
            graph_of(
                helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT),
                taken=TensorProto.UINT8,
            ),
            "x: type UINT8",
        ),
        (
            graph_of(helper.make_node("Cast", ["x"], ["y"], to=TensorProto.DOUBLE)),
            "y: type DOUBLE",
        ),
        (
            graph_of(
                helper.make_node("Add", ["x", "one"], ["y"]),
                taken=TensorProto.INT64,
                constants=[("one", np.ones(1, np.int64))],
            ),
            "x: type INT64",
        ),
        (
            graph_of(
                helper.make_node("Shape", ["x"], ["s"]),
                helper.make_node("Resize", ["x", "", "", "s"], ["y"], mode="linear"),
            ),
            "operator Shape",
        ),
        (
            graph_of(
                helper.make_node("Concat", ["a", "b"], ["s"], axis=0),
                helper.make_node("Resize", ["x", "", "", "s"], ["y"], mode="linear"),
                constants=[("a", SIZES[:2]), ("b", SIZES[2:])],
            ),
            "input 3 of Resize is computed",
        ),
        (
            graph_of(
                helper.make_node("Resize", ["x", "", "", "s"], ["y"], mode="cubic"),
                constants=[("s", SIZES)],
            ),
            "Resize with mode cubic",
        ),
        (
            graph_of(
                helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
                helper.make_node("Transpose", ["q"], ["t"]),
                helper.make_node("DequantizeLinear", ["t", "scale", "zero"], ["y"]),
                constants=[("scale", np.float32(0.1)), ("zero", np.int8(0))],
            ),
            "Transpose of INT8",
        ),
        (
            graph_of(
                helper.make_node("DequantizeLinear", ["bias", "scale"], ["b"]),
                helper.make_node("Add", ["x", "b"], ["y"]),
                constants=[("scale", np.float32(0.1)), ("bias", np.ones(4, np.int32))],
            ),
            "DequantizeLinear of other than INT8",
        ),
        (
            graph_of(
                helper.make_node("Relu", ["x"], ["w"]),
                helper.make_node("Conv", ["x", "w"], ["y"]),
            ),
            "input 1 of Conv is computed",
        ),
        (
            graph_of(
                helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["y"]),
                constants=[("scale", np.float32(0.1)), ("zero", np.int8(3))],
            ),
            "a zero point other than 0",
        ),
    ],
)
def test_what_is_not_plain_is_named(model, problem):
    assert problem in " / ".join(unsupported(model))
