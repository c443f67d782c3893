"""Tiles against one pass over the whole image, on real nets."""

from functools import cache
from itertools import pairwise

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kerasseg.inference.backends.graph import GraphPredictor
from kerasseg.inference.tiles import Span, compute_in_tiles, spans
from kerasseg.models.build import net_geometry
from kerasseg.models.heads import features_and_logits
from tests.inference.small_model import (
    NATIVE,
    WORKING,
    blotches,
    describe_small,
    small_config,
    small_graph,
    small_net,
)

HALF = {"working_size": WORKING, "native_size": NATIVE}


@cache
def unet(depth):
    stride, reach = net_geometry(small_config(**{"model.depth": depth}).model)
    return {"stride": stride, "reach": reach}


def in_tensorflow(graph):
    return GraphPredictor(graph, describe_small()).compute


def tiled_and_whole(compute, image, **geometry):
    tiled = compute_in_tiles(compute, image, **geometry)
    whole = {name: values[0] for name, values in compute(image[None]).items()}
    assert {name: (v.shape, v.dtype) for name, v in tiled.items()} == {
        name: (v.shape, v.dtype) for name, v in whole.items()
    }
    assert len(np.unique(whole["labels"])) >= 4
    return tiled, whole


def test_an_onnx_file_in_tiles_says_what_it_says_in_one_pass(onnx_file):
    session = onnxruntime.InferenceSession(onnx_file, providers=["CPUExecutionProvider"])
    names = ["labels", "confidence", "uncertainty", "variance"]  # what there is of each pixel
    sizes = []

    def compute(batch):
        sizes.append(batch.shape)
        return dict(zip(names, session.run(names, {"image": batch}), strict=True))

    image = blotches(1024, 1536)
    tiled, whole = tiled_and_whole(compute, image, **HALF, **unet(2), tile=512)
    assert len(sizes) == 3 * 4 + 1
    assert max(max(shape[1:3]) for shape in sizes[:-1]) <= 512
    # At one half all weights of the resize are exact, so every pixel goes through the same sums.
    for name, values in whole.items():
        np.testing.assert_array_equal(tiled[name], values)


@pytest.mark.parametrize(
    ("upsampling", "padding", "depth"),
    [
        ("transposed", "reflect", 2),
        ("pixel_shuffle", "zero", 2),
        ("resize", "zero", 2),
        ("resize", "reflect", 3),
    ],
)
def test_every_kind_of_net(upsampling, padding, depth):
    changes = {"model.upsampling": upsampling, "model.padding": padding, "model.depth": depth}
    graph = small_graph(scale=0.5, **changes)
    # Not a multiple of 2**depth: the net pads at the bottom and right, and so must the last tiles.
    image = blotches(522, 770)
    tiled, whole = tiled_and_whole(
        in_tensorflow(graph),
        image,
        working_size=(1, 1),
        native_size=(2, 2),
        **unet(depth),
        tile=256,
    )
    np.testing.assert_array_equal(tiled["labels"], whole["labels"])
    for name in ("confidence", "uncertainty"):
        np.testing.assert_allclose(tiled[name], whole[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("working", "native", "size"),
    [
        (1, 1, (500, 391)),
        (3, 10, (700, 500)),  # two pixels are averaged first
        (8, 15, (300, 450)),
        (2, 1, (150, 300)),
    ],
)
def test_every_scale_that_divides_the_size(working, native, size):
    graph = small_graph(scale=working / native)
    tiled, whole = tiled_and_whole(
        in_tensorflow(graph),
        blotches(*size),
        working_size=(working, working),
        native_size=(native, native),
        **unet(2),
        tile=128,
    )
    # The place of a pixel between two others is a float: its last bit depends on where it counts
    # from, and decides between two logits that are all but equal.
    assert (tiled["labels"] == whole["labels"]).mean() >= 0.9999
    for name in ("confidence", "uncertainty"):
        np.testing.assert_allclose(tiled[name], whole[name], rtol=2e-3, atol=2e-4)


def test_a_margin_that_is_too_small_would_be_seen(graph):
    image = blotches(300, 300)
    compute = in_tensorflow(graph)
    tiled, whole = tiled_and_whole(compute, image, **HALF, **unet(1), tile=100)
    assert (tiled["labels"] != whole["labels"]).any()


@pytest.mark.parametrize("upsampling", ["transposed", "pixel_shuffle", "resize"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_net_sees_no_further_than_said(upsampling, depth):
    config = small_config(**{"model.upsampling": upsampling, "model.depth": depth})
    net = features_and_logits(small_net(config.model, outputs=4))
    for weight in net.trainable_weights:  # nothing negative: no ReLU closes, nothing cancels
        weight.assign(tf.abs(weight) + 0.01)
    reach = unet(depth)["reach"]
    side = 2 ** (depth + 1) * (reach // 2**depth + 2)
    # Bright, so that it is positive once normalised. A pooling passes on one of four pixels only:
    # noise, and several images, for all of them to have their turn.
    noise = np.random.default_rng(0).integers(140, 256, (4, side, side, 3))
    images = tf.Variable(noise.astype(np.float32))
    reached = 0
    for place in range(side // 2, side // 2 + 2**depth):
        with tf.GradientTape() as tape:
            seen = tf.reduce_sum(net(images, training=False)[0][:, place, place])
        gradient = tape.gradient(seen, images).numpy().any(axis=(0, -1))
        distances = np.abs(np.argwhere(gradient) - place)
        reached = max(reached, distances.max())
    assert reached <= reach
    if upsampling == "resize":
        assert reached == reach


geometries = st.fixed_dictionaries(
    {
        "working": st.integers(1, 2000),
        "native": st.integers(1, 2000),
        "stride": st.sampled_from([2, 4, 8, 16, 32, 64]),
        "reach": st.integers(1, 1000),
        "tile": st.integers(256, 4096),
    }
)


@given(st.integers(1, 20_000), geometries)
@example(16376, {"working": 159, "native": 1302, "stride": 4, "reach": 158, "tile": 256})
def test_the_kept_parts_follow_one_another_and_lie_inside(side, geometry):
    found = spans(side, **geometry)
    assert found[0].start == found[0].keep_from == 0
    assert found[-1].stop == found[-1].keep_to == side
    for span in found:
        assert span.start <= span.keep_from < span.keep_to <= span.stop
    for before, after in pairwise(found):
        assert before.keep_to == after.keep_from
        assert before.start < after.start
        assert before.stop < side
    if side <= geometry["tile"]:
        assert found == [Span(0, side, 0, side)]


@given(st.integers(1, 40), st.integers(1, 80), st.integers(1, 5), st.integers(256, 2048))
def test_margins_and_alignment(working, native, depth, tile):
    assume(native <= 4 * working)
    found = spans(9000, working=working, native=native, **unet(depth), tile=tile)
    sees = unet(depth)["reach"] * native / working
    for span in found:
        if span.start:
            assert span.keep_from - span.start >= sees - 0.5
        if span.stop < 9000:
            assert span.stop - span.keep_to >= sees - 0.5
    if native in (working, 2 * working, 4 * working):
        assert all(span.start * working % (native * 2**depth) == 0 for span in found)
        longest = max(span.stop - span.start for span in found)
        assert longest <= max(tile, 3 * (sees + 4 * (2**depth + 1) * native / working))


def test_an_image_below_the_limit_is_one_pass():
    calls = []

    def compute(batch):
        calls.append(batch)
        return {"labels": batch[..., 0]}

    image = blotches(512, 300)
    answer = compute_in_tiles(compute, image, **HALF, **unet(4), tile=512)
    assert len(calls) == 1
    np.testing.assert_array_equal(calls[0][0], image)
    np.testing.assert_array_equal(answer["labels"], image[..., 0])


def test_a_net_that_sees_everything_is_never_cut():
    shapes = []

    def compute(batch):
        shapes.append(batch.shape)
        return {"labels": batch[..., 0]}

    image = blotches(700, 900)
    geometry = {**HALF, "stride": 32, "tile": 256}
    answer = compute_in_tiles(compute, image, reach=None, **geometry)
    assert shapes == [(1, 700, 900, 3)]
    np.testing.assert_array_equal(answer["labels"], image[..., 0])
    compute_in_tiles(compute, image, reach=30, **geometry)
    assert len(shapes) > 5
