"""Images of any size through a net of one size: NumPy against TensorFlow and the serving graph."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasseg.data.resize import blocks_for, resize_bilinear, resize_image
from kerasseg.inference.backends.graph import GraphAtOneSize, GraphPredictor
from kerasseg.inference.fixed_size import resize_logits, resize_pixels
from kerasseg.labels import cityscapes_labels
from kerasseg.models.serving_graph import ServingGraph
from tests.inference.small_model import NATIVE, WORKING, describe_small, small_config, small_net

SIDES = st.tuples(st.integers(1, 70), st.integers(1, 70))


def pixels(size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)


@settings(max_examples=25, deadline=None)
@given(source=SIDES, target=SIDES)
def test_pixels_are_resized_as_in_training(source, target):
    image = pixels(source)
    blocks = tuple(blocks_for(a, b) for a, b in zip(source, target, strict=True))
    expected = resize_image(tf.constant(image[None]), target, blocks=blocks)[0].numpy()
    found = resize_pixels(image, target)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=10, deadline=None)
@given(source=SIDES, target=SIDES)
def test_logits_are_resized_as_in_the_serving_graph(source, target):
    logits = np.random.default_rng(1).normal(size=(4, *source)).astype(np.float32)
    expected = resize_bilinear(np.moveaxis(logits, 0, -1)[None], target)[0].numpy()
    found = resize_logits(logits, target)
    np.testing.assert_allclose(np.moveaxis(found, 0, -1), expected, atol=1e-4)


@pytest.fixture(scope="module")
def one_size(graph):
    return GraphAtOneSize(graph, describe_small(), size=WORKING)


@pytest.mark.parametrize(
    ("background", "changes"),
    [
        (True, {}),
        (True, {"temperature": 2.5}),
        (True, {"unlabelled_above": 0.6}),
        (False, {"unlabelled_above": 0.6, "temperature": 0.8}),
    ],
)
def test_at_its_own_size_the_net_answers_as_the_serving_graph(background, changes):
    label_set = cityscapes_labels(void="background" if background else "ignore", dataset="streets")
    description = replace(describe_small(label_set), **changes)
    config = small_config()
    graph = ServingGraph(
        small_net(config.model, outputs=label_set.num_outputs),
        scale=description.working_scale,
        background_id=label_set.background_id,
        dropout_rate=config.model.dropout_rate,
        **changes,
    )
    one_size = GraphAtOneSize(graph, description, size=WORKING)
    image = pixels(NATIVE, seed=3)
    found = one_size.predict(image, probabilities=True)
    expected = GraphPredictor(graph, description).predict(image, probabilities=True)
    assert (found.labels == expected.labels).mean() > 0.999
    assert found.unlabelled.any() or "unlabelled_above" not in changes
    for name in ("confidence", "uncertainty", "probabilities"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=1e-4)
        assert getattr(found, name).dtype == np.float32
    assert found.labels.dtype == np.uint8


@pytest.mark.parametrize("size", [(1, 1), (97, 131), (300, 40)])
def test_any_size_is_answered_at_that_size(one_size, size):
    images = np.stack([pixels(size, seed) for seed in (4, 5)])
    found = one_size.compute(images)
    assert {values.shape for values in found.values()} == {(2, *size)}
    for name, values in one_size.compute(images[1:]).items():
        np.testing.assert_array_equal(values[0], found[name][1])
