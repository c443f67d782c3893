"""The SavedModel in a version-1 session, without the model's code, against the graph itself."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasseg.export.formats.deployment import Deployment
from kerasseg.runs.trained import open_run


@pytest.fixture(scope="module")
def graph(run_dir):
    return open_run(run_dir).graph()


@pytest.fixture(scope="module")
def saved(graph, run_dir, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "1"
    Deployment(
        graph,
        max_pixels=200_000,
        labels_file=run_dir / "labels.json",
    ).save(path)
    return path


@pytest.fixture(scope="module")
def signature(saved):
    """Callable: name of a signature, inputs -> outputs, by a session that restored the file."""
    session = tf.compat.v1.Session(graph=tf.Graph())
    meta = tf.compat.v1.saved_model.load(session, ["serve"], str(saved))

    def call(name, **inputs):
        described = meta.signature_def[name]
        feed = {described.inputs[key].name: value for key, value in inputs.items()}
        return session.run({k: v.name for k, v in described.outputs.items()}, feed)

    yield call
    session.close()


def scene(drawn, index=0):
    files = sorted((drawn / "leftImg8bit" / "val").rglob("*.png"))
    return np.asarray(Image.open(files[index]))


def test_the_signatures_have_the_names_and_types_of_the_contract(saved):
    loaded = tf.saved_model.load(saved)
    assert set(loaded.signatures) == {"serving_default", "probabilities", "encoded"}
    described = loaded.signatures["serving_default"]
    assert described.structured_input_signature[1]["image"].dtype == tf.uint8
    assert {n: (s.dtype, s.shape.rank) for n, s in described.structured_outputs.items()} == {
        "labels": (tf.uint8, 3),
        "confidence": (tf.float32, 3),
        "uncertainty": (tf.float32, 3),
        "image_uncertainty": (tf.float32, 1),
        "variance": (tf.float32, 3),
    }
    assert (saved / "assets" / "labels.json").is_file()


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (97, 131), (256, 512)])
def test_serving_default_answers_like_the_graph(graph, signature, drawn, size):
    image = scene(drawn)[: size[0], : size[1]]
    images = np.stack([image, image[::-1]])
    found, expected = signature("serving_default", image=images), graph.predict(images)
    assert found.keys() == expected.keys()
    for name, values in found.items():
        np.testing.assert_array_equal(values, expected[name])


def test_probabilities_sum_to_one_and_agree_with_the_labels(signature, drawn):
    image = scene(drawn)[None]
    probabilities = signature("probabilities", image=image)["probabilities"]
    assert probabilities.shape == (*image.shape[:3], 20)
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-5)
    answer = signature("serving_default", image=image)
    assert (probabilities.argmax(axis=-1) == answer["labels"]).mean() > 0.9999
    np.testing.assert_allclose(probabilities.max(axis=-1), answer["confidence"], atol=1e-6)


def as_bytes(image, kind):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, kind)
    return stream.getvalue()


def test_encoded_takes_several_sizes_and_kinds_at_once(graph, signature, drawn):
    images = [scene(drawn, 0), scene(drawn, 1)[:97, :131]]
    data = [as_bytes(images[0], "JPEG"), as_bytes(images[1], "PNG")]
    images[0] = tf.io.decode_jpeg(data[0], dct_method="INTEGER_ACCURATE").numpy()
    answer = signature("encoded", image_bytes=data)
    for i, image in enumerate(images):
        expected = {k: v[0].numpy() for k, v in graph.predict(image[None]).items()}
        labels, uncertainty = (
            np.asarray(Image.open(io.BytesIO(answer[name][i])))
            for name in ("labels_png_bytes", "uncertainty_png_bytes")
        )
        np.testing.assert_array_equal(labels, expected["labels"])
        assert np.abs(uncertainty / 255 - expected["uncertainty"]).max() <= 0.5 / 255 + 1e-5


@pytest.mark.parametrize("data", [b"no image", as_bytes(np.zeros((500, 500, 3), np.uint8), "PNG")])
def test_encoded_says_what_is_wrong(signature, data):
    with pytest.raises(tf.errors.InvalidArgumentError, match="image_bytes: "):
        signature("encoded", image_bytes=[data])
