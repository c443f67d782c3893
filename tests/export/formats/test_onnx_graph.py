"""The ONNX file in ONNX Runtime, against the serving graph."""

import gc
import json

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kerasseg.export.fold import fold_batch_norm
from kerasseg.export.formats.onnx_answers import OnnxAnswers
from kerasseg.export.formats.onnx_graph import OPSET, convert, write
from kerasseg.runs.trained import open_run
from tests.export.untrained import make_run

METADATA = {"kerasseg": json.dumps({"tile": 64}), "class_names": ["road", "sky"]}


@pytest.fixture(scope="module", params=["transposed", "pixel_shuffle", "resize"])
def exported(request, drawn, tmp_path_factory):
    """(serving graph, its ONNX file), with each kind of up-sampling and both paddings."""
    folder = tmp_path_factory.mktemp("onnx")
    padding = "reflect" if request.param == "transposed" else "zero"
    changes = {"model.upsampling": request.param, "model.padding": padding}
    run = open_run(make_run(folder / "run", root=drawn, cache=folder / "cache", **changes))
    graph = run.graph()
    write(convert(graph, probabilities=False), folder / "model.onnx", metadata=METADATA)
    return graph, folder / "model.onnx"


@pytest.fixture(scope="module")
def image(drawn):
    return np.asarray(Image.open(min((drawn / "leftImg8bit" / "val").rglob("*.png"))))


def assert_same(graph, answers, images):
    expected, found = graph.predict(images), answers(images)
    assert found.keys() == expected.keys()
    # Labels may differ only between classes that tie: a share of pixels would let no pixel of a
    # small image differ.
    probabilities = graph.probabilities(images)["probabilities"].numpy()
    given = np.take_along_axis(probabilities, found["labels"][..., None].astype(int), axis=-1)
    np.testing.assert_allclose(given[..., 0], probabilities.max(axis=-1), atol=1e-4)
    assert found["labels"].dtype == np.uint8
    for name in expected.keys() - {"labels"}:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "size", [(256, 512), (255, 511), (97, 131), (16, 16), (1, 1), (1, 300), (200, 3)]
)
def test_any_size_and_a_batch(exported, image, size):
    graph, file = exported
    part = image[: size[0], : size[1]]
    assert part.shape[:2] == size
    assert_same(graph, OnnxAnswers(file), np.stack([part, part[:, ::-1]]))


def test_copies_that_are_thrown_away_are_collected(run_dir, monkeypatch):
    from tf2onnx.graph import Graph
    from tf2onnx.optimizer.optimizer_base import GraphOptimizerBase

    alive, optimize = [], GraphOptimizerBase.optimize

    def counted(*arguments, **options):
        graphs = [one for one in gc.get_objects() if isinstance(one, Graph)]
        # The branches of an If are graphs, too, but hold no weights.
        alive.append(sum(one.parent_graph is None for one in graphs))
        return optimize(*arguments, **options)

    monkeypatch.setattr(GraphOptimizerBase, "optimize", counted)
    before, held = gc.get_threshold(), gc.get_freeze_count()
    convert(open_run(run_dir).graph(), probabilities=False)
    assert len(alive) > 10
    assert max(alive) <= 8
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, held)


# The others' feature maps: tests/models/encoders/test_encoders.py.
@pytest.mark.parametrize("encoder", ["unet", "efficientnet_lite0"])
def test_an_encoder_is_folded_and_converted(encoder, image, drawn, tmp_path):
    small = {"model.width": 64, "model.depth": 4, "model.decoder_channels": [4] * 5}
    changes = {"model.encoder": encoder, **({} if encoder == "unet" else small)}
    run = open_run(make_run(tmp_path / "run", root=drawn, cache=tmp_path / "cache", **changes))
    folded = run.graph(net=fold_batch_norm(run.net, copies=False))
    write(convert(folded, probabilities=False), tmp_path / "model.onnx", metadata=METADATA)
    for height, width in (image.shape[:2], (97, 131), (1, 40)):
        part = image[None, :height, :width]
        assert_same(run.graph(), OnnxAnswers(tmp_path / "model.onnx"), part)


@settings(max_examples=15)
@given(size=st.tuples(*[st.integers(1, 90)] * 2), batch=st.integers(1, 3))
def test_sizes_that_nobody_would_think_of(exported, image, size, batch):
    graph, file = exported
    parts = [image[40 + 9 * i :, 60:][: size[0], : size[1]] for i in range(batch)]
    assert_same(graph, OnnxAnswers(file), np.stack(parts))


def test_the_file_says_what_it_is(exported):
    model = onnx.load(exported[1])
    onnx.checker.check_model(model, full_check=True)
    assert model.opset_import[0].version == OPSET
    assert [value.name for value in model.graph.input] == ["image"]
    shape = model.graph.input[0].type.tensor_type.shape.dim
    assert [axis.dim_param or axis.dim_value for axis in shape] == ["batch", "height", "width", 3]
    outputs = {value.name: value.type.tensor_type.shape.dim for value in model.graph.output}
    axes = {name: [axis.dim_param for axis in shape] for name, shape in outputs.items()}
    dense = ("labels", "confidence", "uncertainty", "variance")
    assert axes == {
        **{name: ["batch", "height", "width"] for name in dense},
        "image_uncertainty": ["batch"],
    }
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert found == {"kerasseg": '{"tile": 64}', "class_names": '["road", "sky"]'}


def test_the_image_is_made_float_before_anything_else(exported):
    # TensorRT and OpenCV have no Gather or Pad of uint8.
    model = onnx.load(exported[1])
    readers = {node.op_type for node in model.graph.node if "image" in node.input}
    assert readers == {"Cast", "Shape"}
    inferred = onnx.shape_inference.infer_shapes(model)
    small = {
        value.name
        for value in inferred.graph.value_info
        if value.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    }
    moved = [n.op_type for n in model.graph.node if small & {*n.input}]
    assert moved == []


def test_probabilities_are_a_fourth_output(run_dir, image, tmp_path):
    graph = open_run(run_dir).graph()
    write(convert(graph, probabilities=True), tmp_path / "model.onnx", metadata=METADATA)
    found = OnnxAnswers(tmp_path / "model.onnx")(image[None])["probabilities"]
    expected = graph.probabilities(image[None])["probabilities"]
    np.testing.assert_allclose(found, expected, atol=1e-4)
