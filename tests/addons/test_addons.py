"""In the environment of requirements-addons.txt (`make addons`): TensorFlow 2.15 and its addons.

The variables KERASSEG_EXPORT (a SavedModel), KERASSEG_IMAGE (a picture) and KERASSEG_LABELS (what
`predict --submission` made of it in the main environment) say what to run.
"""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

addons = pytest.importorskip("tensorflow_addons", reason="needs requirements-addons.txt")
tf = pytest.importorskip("tensorflow")

from kerasseg.losses.boundary_weight import find_boundaries  # noqa: E402


@pytest.fixture(scope="module")
def loaded():
    return tf.saved_model.load(os.environ["KERASSEG_EXPORT"])


@pytest.fixture(scope="module")
def image():
    return Path(os.environ["KERASSEG_IMAGE"])


def test_the_saved_model_answers_as_in_the_main_environment(loaded, image):
    document = json.loads(
        (Path(os.environ["KERASSEG_EXPORT"]) / "assets" / "labels.json").read_text()
    )
    pixels = np.asarray(Image.open(image).convert("RGB"))
    answer = loaded.signatures["serving_default"](image=tf.constant(pixels[None]))
    ids = np.array([*document["ids"], 0], np.uint8)[answer["labels"][0].numpy()]
    expected = np.asarray(Image.open(os.environ["KERASSEG_LABELS"]))
    assert ids.shape == expected.shape
    assert (ids == expected).mean() >= 0.9999
    assert len(np.unique(ids)) >= 5


def test_encoded_agrees_with_the_pixels(loaded, image):
    data = tf.constant([image.read_bytes()])
    png = loaded.signatures["encoded"](image_bytes=data)["labels_png_bytes"][0].numpy()
    pixels = np.asarray(Image.open(image).convert("RGB"))
    answer = loaded.signatures["serving_default"](image=tf.constant(pixels[None]))
    found = np.asarray(Image.open(io.BytesIO(png)))
    assert (found == answer["labels"][0].numpy()).mean() >= 0.9999


@pytest.mark.parametrize("seed", range(3))
def test_widths_of_boundaries_against_the_euclidean_distance(seed):
    rng = np.random.default_rng(seed)
    label = np.kron(rng.integers(0, 4, (1, 5, 7)), np.ones((1, 9, 8))).astype(np.uint8)
    thick = find_boundaries(tf.constant(label), mode="thick").numpy()
    away = tf.constant((~thick).astype(np.uint8)[..., None])
    distance = addons.image.euclidean_dist_transform(away, dtype=tf.float32)[..., 0].numpy()
    for width in (1, 2, 3, 5):
        grown = find_boundaries(tf.constant(label), mode="thick", width=width).numpy()
        near, reach = distance <= width - 1, distance <= 2**0.5 * (width - 1) + 1e-4
        assert grown[near].all()
        assert reach[grown].all()
        if width <= 2:  # a ring of one pixel is the same in both distances
            np.testing.assert_array_equal(grown, reach)
