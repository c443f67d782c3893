"""A whole export of a small run: what is written, and that nothing wrong is put in place."""

import io
import json
import signal

import numpy as np
import onnx
import onnxruntime
import pytest
from PIL import Image

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.evaluation.fit_export import Calibration, UnlabelledFit
from kerasseg.export import exporter
from kerasseg.export.card import describe_net
from kerasseg.export.formats import FORMATS
from kerasseg.files import is_temporary
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.metrics.split_scores import TemperatureFit
from tests.export.untrained import INSTALLED, export_small, need_format
from tests.programs import PROJECT, run_program


def test_everything_is_there_and_nothing_else(exported):
    promised = {"model.onnx", "model.int8.onnx"}
    files = {file for name in INSTALLED for file in FORMATS[name].files}
    assert promised <= files
    linked = {"README.md", "labels.json", "parity.json"} | files
    saved_model = {"assets", "assets.extra", "fingerprint.pb", "saved_model.pb", "variables"}
    assert {entry.name for entry in exported.iterdir()} == linked | saved_model
    assert {entry.name for entry in exported.parent.iterdir()} == {"1", "latest"} | linked


def test_parity_is_reported_for_each_file(exported):
    report = json.loads((exported / "parity.json").read_text())
    assert report["images"] == 2
    for name in ("savedmodel", "onnx"):
        assert report[name]["equal_labels"] >= 0.9999
        assert abs(report[name]["miou_difference"]) <= 1e-3
        assert report[name]["seconds_an_image"] > 0
    # A file of one size answers as the net does at that size, here the one that the graph chooses.
    for name in set(INSTALLED) - {"savedmodel", "onnx"}:
        assert report[name]["miou"] == pytest.approx(report["miou"], abs=1e-3)
        if FORMATS[name].smaller:
            assert report[f"{name}_float16"]["equal_labels"] > 0.99
            assert 0.5 < report[f"{name}_int8"]["equal_labels"] < 1
    # INT8 is near, and another model.
    assert 0.5 < report["int8"]["equal_labels"] < 1
    assert report["int8"]["confidence"] > report["onnx"]["confidence"]


def test_int8_holds_integer_weights(exported):
    model = onnx.load(exported / "model.int8.onnx")
    kinds = {tensor.data_type for tensor in model.graph.initializer}
    assert onnx.TensorProto.INT8 in kinds
    assert any(node.op_type == "QuantizeLinear" for node in model.graph.node)
    assert {entry.key for entry in model.metadata_props} >= {"kerasseg", "class_names", "palette"}


def test_labels_json_tells_what_the_answers_mean(exported):
    document = json.loads((exported / "labels.json").read_text())
    assert document["working_size"] == [128, 256]
    assert document["native_size"] == [256, 512]
    assert len(document["names"]) == len(document["palette"]) == 19
    assert document == json.loads((exported / "assets" / "labels.json").read_text())
    metadata = onnx.load(exported / "model.onnx").metadata_props
    assert document == json.loads({e.key: e.value for e in metadata}["kerasseg"])


def test_what_was_calibrated_is_baked_in_and_written_down(run_dir, samples, exported, tmp_path):
    calibration = Calibration(
        3.0,
        TemperatureFit(3.0, ece_before=0.25, ece_after=0.125, images_fitted=2, images_scored=1),
        UnlabelledFit(above=0.75, asked=0.02, given_up=0.03, images=3),
    )
    made = export_small(
        run_dir, samples, tmp_path / "small", formats=("onnx",), variance=True,
        calibration=calibration,
    )  # fmt: skip
    document = json.loads((made / "labels.json").read_text())
    assert (document["temperature"], document["unlabelled_above"]) == (3.0, 0.75)
    assert document["uncertainty"].startswith("1 - the largest probability of a known class")
    assert document["uncertainty_scale"] == 1.0
    before = json.loads((exported / "labels.json").read_text())
    assert (before["temperature"], before["unlabelled_above"]) == (1.0, None)
    card = " ".join((made / "README.md").read_text().split())
    for part in (
        "divided by 3, fitted on 2 validation images",
        "of 1 others is 0.1250, without it 0.2500",
        "above 0.75 are answered unlabelled: 0.02 of",
        "gives up 0.03 in",
    ):
        assert part in card, part
    (image,) = samples.images(1)
    plain, tempered = (
        OnnxPredictor(folder / "model.onnx").predict(image) for folder in (exported, made)
    )
    assert plain.variance is None
    assert tempered.variance.min() >= 0 < tempered.variance.max()
    assert (tempered.confidence < plain.confidence).mean() > 0.99
    above = tempered.uncertainty > 0.75
    assert 0 < above.mean() < 1
    known = plain.labels < plain.label_set.num_classes
    np.testing.assert_array_equal(tempered.labels[~above & known], plain.labels[~above & known])
    assert (tempered.labels[~above] < plain.label_set.num_classes).all()
    assert (tempered.labels[above] == plain.label_set.background_id).all()
    assert tempered.unlabelled_above == 0.75
    assert json.loads((made / "parity.json").read_text())["onnx"]["variance"] < 1e-3


def test_the_image_uncertainty_of_a_file_is_that_of_its_pixels(exported, samples):
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    (image,) = samples.images(1)
    (value,) = session.run(["image_uncertainty"], {"image": image[None]})[0]
    found = OnnxPredictor(exported / "model.onnx").predict(image)
    assert value == pytest.approx(found.image_uncertainty, abs=1e-5)


def test_the_card_has_scores_calls_and_settings(exported):
    card = (exported / "README.md").read_text()
    for part in ("# small", "| sky | 0.5000 |", "| **mean** | **0.5000** |", "| onnx | 100.0000% |",
                 "v1/models/small:predict", "image_size: [128, 256]"):  # fmt: skip
        assert part in card, part


@pytest.mark.parametrize(
    ("model", "beginning"),
    [
        (ModelConfig(width=8, depth=3), "A U-Net (width 8, depth 3)"),
        (
            ModelConfig(encoder="resnet50", encoder_weights="imagenet"),
            "A U-Net with the encoder resnet50 (weights: imagenet)",
        ),
    ],
)
def test_the_card_names_the_net(model, beginning):
    assert describe_net(model) == beginning


def test_the_calls_of_the_card_run(exported, drawn, tmp_path):
    card = (exported / "README.md").read_text()
    blocks = [part.split("```")[0] for part in card.split("```python\n")[1:]]
    assert len(blocks) >= 4
    for link in exported.parent.iterdir():
        (tmp_path / link.name).symlink_to(link)
    image = min((drawn / "leftImg8bit" / "val").rglob("*.png"))
    (tmp_path / "street.png").symlink_to(image)
    done = run_program(["-c", "\n".join(blocks)], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "(256, 512)" in done.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_answers_otherwise_fails_the_export(
    name, run_dir, samples, tmp_path, monkeypatch
):
    need_format(name)
    differences = exporter.parity.differences

    def with_a_fault(reference, candidate, batches, **options):
        def wrong(images):
            answer = dict(candidate(images))
            return {**answer, "labels": np.where(answer["labels"] == 3, 4, answer["labels"])}

        return differences(reference, wrong, batches, **options)

    monkeypatch.setattr(exporter.parity, "differences", with_a_fault)
    out = tmp_path / "out"
    with pytest.raises(UserError, match=f"parity: {name}: equal_labels"):
        export_small(run_dir, samples, out, formats=(name,))
    assert not out.exists()


def test_jpeg_and_png_of_the_warm_up_are_real_images(exported):
    content = (exported / "assets.extra" / "tf_serving_warmup_requests").read_bytes()
    start = content.index(b"\x89PNG")
    assert Image.open(io.BytesIO(content[start:])).size == (512, 256)


@pytest.mark.slow
def test_a_kill_leaves_a_whole_version_or_none(run_dir, tmp_path):
    """Exports die by SIGKILL, one as it calls each `place`; the one after them is whole."""
    out = tmp_path / "out"
    arguments = [str(run_dir), "--out", str(out), "--images", "1", "--formats", "savedmodel"]
    export = str(PROJECT / "export.py")
    for place in ("formats.warmup.write_warmup", "exporter.model_card", "exporter.publish"):
        program = (
            "import os, signal, sys, runpy\n"
            "import kerasseg.export.exporter, kerasseg.export.formats.warmup\n"
            f"kerasseg.export.{place} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
            f"sys.argv = {['export.py', *arguments]!r}\n"
            f"runpy.run_path({export!r}, run_name='__main__')\n"
        )
        killed = run_program(["-c", program], folder=tmp_path, TF_CPP_MIN_LOG_LEVEL="3")
        assert killed.returncode == -signal.SIGKILL, place
        left = list(out.iterdir())
        assert len(left) == 1, place  # what the kill before has left is gone
        assert all(map(is_temporary, left)), place
    done = run_program([export, *arguments], folder=tmp_path, TF_CPP_MIN_LOG_LEVEL="3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(out / "1")
    assert sorted(entry.name for entry in out.iterdir()) == [
        "1", "README.md", "labels.json", "latest", "parity.json",
    ]  # fmt: skip
