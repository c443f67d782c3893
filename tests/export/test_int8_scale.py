"""INT8 is calibrated on parts of images as the net sees them in the whole."""

from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
import tensorflow as tf
import tf2onnx

from kerasseg.config import ModelConfig
from kerasseg.data.working_scale import WorkingScale
from kerasseg.export import int8
from kerasseg.export.fold import fold_batch_norm
from kerasseg.export.formats.onnx_graph import convert
from kerasseg.inference.backends.onnx_session import open_session
from kerasseg.models.build import build_net
from kerasseg.models.serving_graph import ServingGraph

WORKING = (48, 72)
SCALES = [WorkingScale(WORKING), WorkingScale(WORKING, (100, 120))]


@cache
def graph(scale):
    net = build_net(ModelConfig(width=4, depth=2), outputs=5, seed=0, precision="float32")
    folded = fold_batch_norm(net, copies=False)
    return ServingGraph(folded, scale=scale, background_id=4, dropout_rate=0.3)


def images(count, height, width):
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, height // 5 + 1, width // 5 + 1, 3))
    return np.kron(coarse, np.ones((1, 5, 5, 1), np.int64))[:, :height, :width].astype(np.uint8)


def constants(path):
    return sorted(value for _, value in int8._whole_numbers(onnx.load(path)))


@pytest.mark.parametrize("scale", SCALES, ids=["mixed", "one size"])
def test_a_part_is_calibrated_at_the_scale_of_the_whole(scale, tmp_path, monkeypatch):
    monkeypatch.setattr(int8, "CALIBRATION_PIXELS", 48 * 72 / 4)
    spec = [tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")]
    function = tf.function(graph(scale).preprocess, input_signature=spec, autograph=False)
    path = tmp_path / "seen.onnx"
    onnx.save(tf2onnx.convert.from_function(function, input_signature=spec, opset=18)[0], path)
    int8._replace_constants(path, int8._constants_of_parts(onnx.load(path), scale))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    whole = scale.image_size(200, 240)
    (seen,) = session.run(None, {"image": images(1, 100, 120)})  # half of each side
    np.testing.assert_allclose(seen.shape[1:3], [side / 2 for side in whole], atol=0.51)


@pytest.mark.parametrize("scale", SCALES, ids=["mixed", "one size"])
def test_the_file_has_the_scale_of_the_model(scale, tmp_path, monkeypatch):
    source, target = tmp_path / "model.onnx", tmp_path / "model.int8.onnx"
    onnx.save(convert(graph(scale), probabilities=False), source)
    # Of whole images there is nothing to replace: what the quantiser makes of the numbers itself.
    int8.quantize(source, target, images=images(2, 100, 120), scale=scale)
    expected = constants(target)
    monkeypatch.setattr(int8, "CALIBRATION_PIXELS", 48 * 72 / 4)
    int8.quantize(source, target, images=images(2, 50, 60), scale=scale)
    assert constants(target) == expected
    batch = images(1, 100, 120)
    answers = [
        open_session(path).run(["confidence"], {"image": batch})[0] for path in (source, target)
    ]
    assert np.abs(answers[0] - answers[1]).mean() < 0.02
