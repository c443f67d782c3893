"""The three predictors on the same weights; each against the graph that all of them run."""

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.export.formats.onnx_graph import convert, write
from kerasseg.inference.backends.graph import GraphPredictor
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.inference.backends.run import RunPredictor
from kerasseg.inference.backends.tensorflow_runtime import SavedModelPredictor
from kerasseg.labels import cityscapes_labels
from tests.inference.small_model import TILE, blotches, describe_small, small_graph


@pytest.fixture(scope="module")
def predictors(onnx_file, export_dir, run_dir):
    return {
        "onnx": OnnxPredictor(onnx_file),
        "saved_model": SavedModelPredictor(export_dir / "1"),
        "run": RunPredictor(run_dir),
    }


@pytest.fixture(params=["onnx", "saved_model", "run"])
def predictor(request, predictors):
    return predictors[request.param]


@pytest.mark.parametrize("size", [(1, 1), (97, 131), (200, 300)])
def test_it_says_what_the_graph_says(predictor, graph, size):
    image = blotches(*size)
    found = predictor.predict(image)
    expected = {name: v.numpy()[0] for name, v in graph.predict(image[None]).items()}
    assert found.labels.dtype == np.uint8
    assert (found.labels == expected["labels"]).mean() >= 0.9999
    for name in ("confidence", "uncertainty"):
        values = getattr(found, name)
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, expected[name], rtol=1e-3, atol=1e-4)
    assert found.label_set == cityscapes_labels(void="background", dataset="streets")


def test_a_large_image_is_computed_in_tiles(predictor, monkeypatch):
    shapes = []
    compute = predictor.compute

    def watched(images):
        shapes.append(images.shape)
        return compute(images)

    monkeypatch.setattr(predictor, "compute", watched)
    image = blotches(600, 400)
    found = predictor.predict(image)
    assert len(shapes) == 2
    assert max(shape[1] for shape in shapes) <= 512
    assert (found.labels == compute(image[None])["labels"][0]).mean() >= 0.9999


@pytest.fixture(scope="module")
def talking_onnx(graph, tmp_path_factory):
    """As `export.py --probabilities` writes it."""
    file = tmp_path_factory.mktemp("talking") / "model.onnx"
    write(
        convert(graph, probabilities=True),
        file,
        metadata={"kerasseg": describe_small().to_text()},
    )
    return OnnxPredictor(file)


@pytest.mark.parametrize("kind", ["onnx", "saved_model", "run"])
@pytest.mark.parametrize("size", [(45, 70), (600, 400)], ids=["whole", "tiles"])
def test_probabilities(kind, size, predictors, talking_onnx, graph):
    predictor = talking_onnx if kind == "onnx" else predictors[kind]
    assert predictor.gives_probabilities
    image = blotches(*size)
    found = predictor.predict(image, probabilities=True)
    plain = predictor.predict(image)
    assert found.probabilities.dtype == np.float32
    expected = graph.probabilities(image[None])["probabilities"].numpy()[0]
    np.testing.assert_allclose(found.probabilities, expected, atol=2e-4)
    np.testing.assert_allclose(found.probabilities.sum(axis=-1), 1, atol=1e-5)
    np.testing.assert_allclose(found.probabilities.max(axis=-1), found.confidence, atol=1e-4)
    assert (found.labels == plain.labels).mean() >= 0.9999
    np.testing.assert_allclose(found.uncertainty, plain.uncertainty, rtol=1e-3, atol=1e-4)
    assert plain.probabilities is None


def test_a_file_without_probabilities_says_so(predictors):
    assert not predictors["onnx"].gives_probabilities
    assert predictors["onnx"].predict(blotches(20, 30), probabilities=True).probabilities is None


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (np.zeros((4, 5), np.uint8), r"uint8 \(4, 5\)"),
        (np.zeros((4, 5, 4), np.uint8), r"uint8 \(4, 5, 4\)"),
        (np.zeros((4, 5, 3), np.float32), r"float32 \(4, 5, 3\)"),
        (np.zeros((0, 5, 3), np.uint8), r"uint8 \(0, 5, 3\)"),
        ([[1, 2, 3]], "list"),
    ],
)
def test_other_arrays_are_refused(predictors, image, found):
    with pytest.raises(UserError, match=f"^image: found {found}, allowed: a uint8 array"):
        predictors["onnx"].predict(image)


def test_every_backend_gives_the_same_image_uncertainty_and_variance(predictors, graph):
    image = blotches(90, 120)
    expected = {name: values.numpy()[0] for name, values in graph.predict(image[None]).items()}
    for predictor in predictors.values():
        found = predictor.predict(image)
        assert found.image_uncertainty == pytest.approx(expected["image_uncertainty"], abs=1e-5)
        np.testing.assert_allclose(found.variance, expected["variance"], rtol=1e-3, atol=1e-4)


def test_threads(onnx_file):
    image = blotches(60, 80)
    one, many = (OnnxPredictor(onnx_file, threads=n).predict(image) for n in (1, 2))
    np.testing.assert_allclose(one.confidence, many.confidence, atol=1e-5)


def test_threads_of_a_tensorflow_that_runs_already(export_dir, predictors):
    with pytest.raises(UserError, match="threads: found 77, but TensorFlow already runs"):
        SavedModelPredictor(export_dir / "1", threads=77)


@pytest.mark.parametrize("size", [(200, 300), (700, 1100)])
def test_the_labels_of_a_batch_are_those_of_predict(size):
    graph, sizes = small_graph(), []
    predictor = GraphPredictor(graph, describe_small())
    images = np.stack([blotches(*size, seed=i) for i in range(2)])
    expected = [predictor.predict(image).labels for image in images]

    def labels(batch, original=graph.labels):
        sizes.append(batch.shape)
        return original(batch)

    graph.labels = labels
    np.testing.assert_array_equal(predictor.labels(images), expected)
    if max(size) <= TILE:
        assert sizes == [images.shape]
    else:
        assert max(max(shape[1:3]) for shape in sizes) <= TILE
