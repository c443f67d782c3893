"""The benchmarks answer with JSON at a size that takes seconds, and refuse what they cannot do."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kerasseg.export.formats.onnx_graph import convert, write
from kerasseg.streets.draw import draw_streets
from tests.export.untrained import make_run
from tests.inference.small_model import blotches, describe_small, small_graph
from tests.programs import PROJECT, run_program

SMALL = ["--width", "2", "--size", "32", "64", "--rounds", "1", "--patience", "0"]
RUN = [
    "data.image_size=[32,64]",
    "model.width=2",
    "model.depth=2",
    "train.stages=[{crop_scale: 0.6, epochs: 4}]",
]


def run(script, *arguments):
    return run_program(
        [PROJECT / "benchmarks" / script, *arguments], folder=PROJECT, fork_children=True
    )


def answer(script, *arguments):
    done = run(script, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("train_step.py", ["ours"], "ours: expected WHO/VARIANT/PRECISION"),
        ("train_step.py", ["theirs/full/float32"], "found theirs, allowed: ours, torch"),
        ("train_step.py", ["torch/boundary/float32"], "found boundary, allowed: plain, sampled"),
        ("train_step.py", ["ours/full/float8"], "found float8, allowed: float32"),
        ("train_step.py", ["torch/full/float32", "--peers", "no"], "no: no peers there"),
        ("inference.py", ["--size", "100", "100"], "--size: the PyTorch net takes multiples of 16"),
        ("encoders.py", ["train", "resnet50", "--peers", "no"], "no: no peers there"),
        ("encoders.py", ["infer", "resnet50", "--size", "50", "64"], "multiples of 32 alone"),
        ("formats.py", ["no"], "no: no run directory"),
        ("gpu.py", ["--size", "100", "64"], "--size: found (100, 64), allowed: multiples of 16"),
        ("gpu.py", ["--out", "no/gpu.json"], "--out no/gpu.json: no such folder"),
        ("serving_load.py", ["no", "photos"], "no: no export with a SavedModel"),
        ("real_input.py", ["--config", "no.yaml"], "no.yaml"),
        ("video.py", ["no.onnx", "no"], "no: no PNG in it"),
        ("real_input.py", ["--config", "configs/streets.yaml", "model.widht=3"], "model.width"),
    ],
)
def test_what_cannot_be_done_is_refused(script, arguments, said):
    done = run(script, *arguments)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert said in lines[0]
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_training_step_is_timed():
    names = ["ours/plain/float32", "ours/full/mixed_bfloat16"]
    found = answer("train_step.py", *names, *SMALL)["candidates"]
    assert list(found) == names
    assert found[names[0]]["time_ratio"] == 1
    assert found[names[1]]["precision"] == "mixed_bfloat16"
    assert all(entry["peak_mib"] > 100 for entry in found.values())


@pytest.mark.slow
def test_a_deep_encoder_is_timed():
    options = ["--size", "32", "64", "--batch", "1", "--rounds", "1", "--calls", "1"]
    options += ["--patience", "0", "--peers", "none"]
    options += ["--set", "model.decoder_channels=[4,4,4,4,4]"]
    found = answer("encoders.py", "infer", "efficientnet_lite0", *options)["candidates"]
    assert all(entry["images_a_second"] > 0 for entry in found.values())
    assert max(entry["time_ratio"] for entry in found.values()) >= 1


@pytest.mark.slow
def test_an_answer_is_timed_and_all_forms_give_the_same_labels():
    found = answer("inference.py", "--forms", "keras_labels", "savedmodel", "onnx", *SMALL)
    for entry in found["forms"].values():
        assert entry["seconds"] > 0
        assert entry["labels_as_first"] > 0.99


@pytest.mark.slow
def test_writing_is_timed():
    found = answer("export.py", "--forms", "onnx", "onnx_int8", *SMALL)["forms"]
    assert found["onnx_int8"]["file_bytes"] < found["onnx"]["file_bytes"]


@pytest.mark.slow
def test_the_input_is_timed_in_a_training(tmp_path):
    draw_streets(tmp_path / "s", train=4, val=1, seed=0)
    where = [f"data.root={tmp_path / 's'}", f"data.cache_dir={tmp_path / 'c'}"]
    settings = ["--config", "configs/streets.yaml", *where, *RUN]
    found = answer("real_input.py", *settings, "--steps", "3", "--rounds", "1")["inputs"]
    assert list(found) == ["repeated", "real"]
    assert 0 <= found["real"]["input_wait"] <= 1


def test_changed_photos_are_nearer_than_others(tmp_path):
    for folder, seed in (("train", 1), ("val", 2)):
        (tmp_path / folder).mkdir()
        photo = Image.fromarray(blotches(120, 213, seed=seed))
        photo.save(tmp_path / folder / "a.png")
    found = answer("look_alikes.py", tmp_path / "train", tmp_path / "val")
    assert max(list(found["changed"].values())[:3]) < found["limit"] < found["others"]


def test_the_memory_of_a_pass_grows_with_the_image():
    size = ["--size", "600", "800", "--width", "2"]
    # Not a fork: that would begin with the memory of what was imported for others.
    line = [sys.executable, PROJECT / "benchmarks" / "pass_memory.py", *size, "--outputs", "20"]
    said = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
    assert said["size"] == [600, 800]
    assert said["bytes_per_pixel"] > 0


def test_polygons_give_labels_back(tmp_path):
    pytest.importorskip("pycocotools")
    labels = np.kron([[0, 1, 2], [2, 2, 0]], np.ones((9, 9))).astype(np.uint8)
    Image.fromarray(labels).save(tmp_path / "a.png")
    found = answer("polygons.py", tmp_path)
    assert found["0.0"]["polygons"] == [5, 5]
    assert found["0.0"]["coco"] == [1, 1]
    assert found["0.0"]["uncovered"] == [0, 0]
    assert 0.8 < found["0.0"]["labelme"][0] < 1


@pytest.mark.slow
def test_every_format_is_measured_in_what_runs_it(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="needs the extra litert")
    draw_streets(tmp_path / "data", train=1, val=2, seed=3)
    made = make_run(tmp_path / "small", root=tmp_path / "data", cache=tmp_path / "cache")
    figures = tmp_path / "formats.json"
    done = run(
        "formats.py", made, "--images", "2", "--rounds", "1", "--patience", "0",
        "--int8", tmp_path / "data" / "leftImg8bit" / "train", "--json", figures,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(figures.read_text())["runs"][str(made)]["candidates"]
    assert done.stdout.count("\n| model.") + done.stdout.count("\n| SavedModel") == len(rows)
    equal = {(row["file"], row["runtime"]): row["equal_labels"] for row in rows}
    assert equal["model.onnx", "ONNX Runtime"] == 1.0
    for name in (("latest", "TensorFlow"), ("model.plain.onnx", "ONNX Runtime"),
                 ("model.tflite", "LiteRT")):  # fmt: skip
        assert equal[name] > 0.9999
    assert all(row["seconds"] > 0 and row["bytes"] > 0 and 0 < row["miou"] < 1 for row in rows)


@pytest.mark.slow
def test_what_a_gpu_makes_of_it_is_measured_on_a_cpu_too(tmp_path):
    figures = tmp_path / "gpu.json"
    done = run(
        "gpu.py", "--width", "2", "--size", "32", "64", "--batch", "2", "--rounds", "1",
        "--threads", "2", "--peers", tmp_path / "none", "--out", figures,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(figures.read_text())
    assert len(found["steps"]) >= 5
    for name, row in found["steps"].items():
        assert row["seconds"] > 0, name
        assert f"| {name} | " in done.stdout
    assert found["gpus"] or "no GPU: these are of the CPU" in done.stdout
    assert set(found["inference"]["forms"]) == {"keras", "keras_labels", "savedmodel"}
    assert set(found["input"]["images_a_second"]) == {"png", "packed"}


@pytest.mark.slow
def test_a_video_is_labelled_and_scored(tmp_path):
    pytest.importorskip("av")
    graph = small_graph()
    text = describe_small().to_text()
    write(convert(graph, probabilities=True), tmp_path / "m.onnx", metadata={"kerasseg": text})
    for name in ("a", "b"):
        Image.fromarray(blotches(48, 64)).save(tmp_path / f"{name}.png")
    (tmp_path / "labels").mkdir()
    for name in ("a", "b"):
        Image.fromarray(blotches(48, 64)[..., 0] % 12).save(tmp_path / "labels" / f"{name}.png")
    words = [
        tmp_path / "m.onnx",
        tmp_path,
        "--labels",
        tmp_path / "labels",
        "--frames",
        "2",
        "--scored",
        "21",
    ]
    line = [sys.executable, PROJECT / "benchmarks" / "video.py", *words]
    said = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
    rows = said["rows"]
    assert all(row["frames_a_second"] > 0 and row["peak_mib"] > 50 for row in rows.values())
    plain, smooth = list(rows.values())[1:]
    assert plain["flicker_of_the_truth"] == smooth["flicker_of_the_truth"] > 0
    assert 0 < smooth["flicker"] < plain["flicker"] < 1
