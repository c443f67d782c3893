"""The LiteRT files: their operators, what is in them, and that LiteRT answers as the net does."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import kerasseg
from kerasseg.errors import UserError
from kerasseg.runs.trained import open_run
from tests.export.untrained import make_run
from tests.programs import PROJECT

pytest.importorskip("ai_edge_litert", reason="needs the extra litert")

from ai_edge_litert.interpreter import Interpreter

from kerasseg.export.formats.litert_file import convert_litert, with_metadata
from kerasseg.inference.backends.litert_runtime import LiteRTPredictor, operators, read_metadata

FILES = ("model.tflite", "model.float16.tflite", "model.int8.tflite")


@pytest.fixture(scope="module")
def image(drawn):
    return np.asarray(Image.open(min((drawn / "leftImg8bit" / "val").rglob("*.png"))))


@pytest.mark.parametrize("name", FILES)
def test_operators_are_those_of_litert_alone(name, exported):
    content = (exported / name).read_bytes()
    found = operators(content)
    assert {"CONV_2D", "MAX_POOL_2D", "ARG_MAX"} <= set(found)
    assert [one for one in found if one.startswith("Flex") or one == "CUSTOM"] == []
    assert "MIRROR_PAD" not in found  # XNNPACK would stop there
    interpreter = Interpreter(model_content=content)  # refuses what it has no kernel for
    assert {one["op_name"] for one in interpreter._get_ops_details()} >= set(found)


@pytest.mark.parametrize("name", FILES)
def test_inputs_and_outputs(name, exported):
    runner = Interpreter(str(exported / name)).get_signature_runner("serving_default")
    taken, given = runner.get_input_details(), runner.get_output_details()
    integers = "int8" in name
    assert {k: (v["dtype"], [*v["shape"]]) for k, v in {**taken, **given}.items()} == {
        "image": (np.uint8, [1, 128, 256, 3]),
        "labels": (np.uint8, [1, 128, 256]),
        "logits": (np.int8 if integers else np.float32, [1, 128, 256, 20]),
        "spread": (np.int8 if integers else np.float32, [1, 128, 256, 1]),
    }
    if integers:
        assert taken["image"]["quantization"] == pytest.approx((1.0, 0))


def test_integers_hold_a_quarter_and_float16_half(exported):
    whole, half, quarter = (
        (exported / name).stat().st_size - len(read_metadata((exported / name).read_bytes()))
        for name in FILES
    )
    assert half < 0.8 * whole
    assert quarter < 0.8 * whole


@pytest.mark.parametrize(("name", "least"), [*zip(FILES, (0.9999, 0.99, 0.5), strict=True)])
def test_it_is_loaded_and_answers_at_the_size_of_the_image(name, least, exported, image):
    model = kerasseg.load(exported / name)
    assert isinstance(model, LiteRTPredictor)
    found = model.predict(image, probabilities=True)
    whole = kerasseg.load(exported / "model.onnx").predict(image)
    assert (found.labels == whole.labels).mean() > least
    assert found.probabilities.shape == (*image.shape[:2], 20)
    assert model.predict(image[:33, :21]).labels.shape == (33, 21)


def test_neither_tensorflow_nor_keras_is_imported(exported, tmp_path):
    words = ["predict", str(exported / FILES[0]), str(tmp_path), "--out", str(tmp_path / "out")]
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "black.png")
    script = (
        f"import sys; from kerasseg.commands.main import start; assert not start({words}); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    # Not forked: that process has TensorFlow.
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "black_labels.png").is_file()


def test_its_own_labels_are_those_of_its_logits(exported, image):
    runner = Interpreter(str(exported / FILES[0])).get_signature_runner("serving_default")
    answer = runner(image=image[None, ::2, ::2])
    np.testing.assert_array_equal(answer["labels"], answer["logits"].argmax(axis=-1))


def test_a_size_that_is_padded_inside(drawn, image, tmp_path):
    run = open_run(make_run(tmp_path / "run", root=drawn, cache=tmp_path / "cache"))
    content = convert_litert(run.graph(), size=(97, 131))
    assert read_metadata(content) is None
    file = tmp_path / "model.tflite"
    file.write_bytes(content)
    with pytest.raises(UserError, match=r'not one that export\.py wrote .no metadata "kerasseg"'):
        LiteRTPredictor(file)
    file.write_bytes(with_metadata(content, run.description.to_text()))
    part = image[:97, :131]
    expected = run.graph().net_answers(part[None].astype(np.float32))
    logits, spread = LiteRTPredictor(file, threads=1).net(part)
    np.testing.assert_allclose(np.moveaxis(logits, 0, -1), expected[0][0], atol=1e-4)
    np.testing.assert_allclose(spread, expected[1][0, ..., 0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("content", [b"", b"no model at all, whatever its name says", "cut"])
def test_what_is_no_model_is_one_line(content, exported, tmp_path):
    file = tmp_path / "model.tflite"
    whole = (exported / FILES[0]).read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content == "cut" else content)
    with pytest.raises(UserError, match=r"model\.tflite: not a LiteRT model") as caught:
        kerasseg.load(file)
    assert "\n" not in str(caught.value)
