"""What INT8 is calibrated on: whole images, or parts of large ones."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kerasseg.config import ModelConfig
from kerasseg.data.working_scale import WorkingScale
from kerasseg.errors import UserError
from kerasseg.export import int8
from kerasseg.export.fold import fold_batch_norm
from kerasseg.export.formats.onnx_graph import convert
from kerasseg.export.int8 import CALIBRATION_IMAGES, calibration_images
from kerasseg.models.build import build_net
from kerasseg.models.serving_graph import ServingGraph


def write_images(folder, *, count, size):
    """Each pixel says where it is: row, column, image."""
    rows, columns = np.indices(size)
    for index in range(count):
        pixels = np.stack([rows, columns, np.full(size, index)], axis=-1).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:03d}.png")


def test_images_are_spread_over_the_folder(tmp_path):
    write_images(tmp_path, count=CALIBRATION_IMAGES + 8, size=(4, 6))
    found = calibration_images(tmp_path, scale=WorkingScale((4, 6)))
    numbers = [int(image[0, 0, 2]) for image in found]
    assert len(numbers) == CALIBRATION_IMAGES
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (0, CALIBRATION_IMAGES + 7)
    assert all(image.shape == (4, 6, 3) for image in found)


@pytest.mark.parametrize(
    ("scale", "area"),
    [
        (WorkingScale((60, 90), fixed=1.0), 1.0),
        (WorkingScale((60, 90), fixed=0.5), 0.25),
        (WorkingScale((30, 45)), 0.25),
    ],
)
def test_parts_of_large_images_cover_them(tmp_path, monkeypatch, scale, area):
    monkeypatch.setattr(int8, "CALIBRATION_PIXELS", 20 * 30 * area)
    write_images(tmp_path, count=9, size=(60, 90))
    found = calibration_images(tmp_path, scale=scale)
    assert {image.shape for image in found} == {(20, 30, 3)}
    seen = {(int(r), int(c)) for image in found for r, c in image[..., :2].reshape(-1, 2)}
    assert seen == {(r, c) for r in range(60) for c in range(90)}


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    pixels=st.floats(1, 4000),
    turn=st.integers(0, 40),
)
def test_a_part_has_the_shape_of_the_image_and_no_more_pixels(height, width, pixels, turn):
    image = np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3)
    part = int8._part(image, pixels, turn)
    if height * width <= pixels:
        np.testing.assert_array_equal(part, image)
    else:
        # A side is never shorter than a pixel.
        assert part.shape[0] * part.shape[1] <= max(pixels, height, width)
        assert abs(part.shape[0] / height - part.shape[1] / width) <= max(1 / height, 1 / width)
    top, left = np.argwhere(image[..., 0] == part[0, 0, 0])[0]
    np.testing.assert_array_equal(
        part, image[top : top + part.shape[0], left : left + part.shape[1]]
    )


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="image"):
        calibration_images(tmp_path, scale=WorkingScale((4, 6)))


def test_what_lies_between_convolutions_is_quantised_and_nothing_else(tmp_path):
    """An inverted residual with its clips and its sum; sums of resizes lie around the net."""
    model = ModelConfig(encoder="efficientnet_lite0", decoder_channels=(4,) * 5, padding="zero")
    net = build_net(model, outputs=5, seed=0, precision="float32")
    graph = ServingGraph(
        fold_batch_norm(net, copies=False),
        scale=WorkingScale((64, 96)), background_id=4, dropout_rate=0.3,
    )  # fmt: skip
    source, target = tmp_path / "model.onnx", tmp_path / "model.int8.onnx"
    onnx.save(convert(graph, probabilities=False), source)
    images = [np.random.default_rng(i).integers(0, 256, (96, 144, 3), np.uint8) for i in range(4)]
    int8.quantize(source, target, images=images, scale=WorkingScale((64, 96)))
    nodes = onnx.load(target).graph.node
    makers = {output: node.op_type for node in nodes for output in node.output}

    def quantised(kind):
        return [
            all(makers.get(name) == "DequantizeLinear" for name in node.input[:2] if name)
            for node in nodes
            if node.op_type == kind
        ]

    convolutions = quantised("Conv")
    # The head, and the convolution of the variance, are the last ones.
    assert convolutions == [True] * (len(convolutions) - 2) + [False] * 2
    residual = sum(isinstance(layer, keras.layers.Add) for layer in net.layers)
    assert sum(quantised("Add")) == residual > 0
    assert len(quantised("Add")) > residual
    answers = [
        onnxruntime.InferenceSession(path).run(["labels", "confidence"], {"image": images[0][None]})
        for path in (source, target)
    ]
    assert (answers[0][0] == answers[1][0]).mean() > 0.8
    assert np.abs(answers[0][1] - answers[1][1]).mean() < 0.1
