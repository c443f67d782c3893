"""The code of docs/extending.md does what the recipes say."""

import re
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from sklearn.metrics import cohen_kappa_score

from kerasseg.config import ModelConfig
from kerasseg.errors import UserError
from kerasseg.export.formats import Format
from kerasseg.losses.term import LabelContext, NetOutputs
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.models.build import build_net

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")


@pytest.fixture
def recipe():
    """What the code of the recipe with this heading defines."""

    def run(heading: str) -> dict:
        (section,) = (s for s in PAGE.split("\n## ") if s.startswith(f"{heading}\n"))
        (code,) = re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)
        names: dict = {"__name__": "recipe"}
        exec(code, names)
        return names

    return run


def test_a_loss_term(recipe):
    logits = tf.zeros([1, 2, 2, 4])
    outputs = NetOutputs(logits, features=None, head_kernel=None, dropout_rate=0.3)
    targets = LabelContext(None).targets(tf.constant([[[0, 1], [2, 255]]], tf.uint8))
    term = recipe("A loss term")["BrierTerm"](0.5)
    # Three of four pixels count, each with (3/4)**2 + 3 * (1/4)**2.
    assert float(term(outputs, targets)) == pytest.approx(0.75 * 0.75)


def test_an_encoder(recipe, monkeypatch):
    encoder = recipe("An encoder")["PatchEncoder"]
    monkeypatch.setattr("kerasseg.models.build.ENCODERS", {"unet": encoder})
    net = build_net(ModelConfig(width=3), outputs=5, seed=0, precision="float32")
    assert net(np.zeros((1, 13, 30, 3), np.float32))[0].shape == (1, 13, 30, 5)


def test_a_reader(recipe, tmp_path):
    folder = tmp_path / "pairs" / "val"
    folder.mkdir(parents=True)
    for name in ("b_image", "b_mask", "a_image", "a_mask"):
        Image.new("L", (4, 4)).save(folder / f"{name}.png")
    reader = recipe("A reader of a data set")["PAIRS"]
    assert reader.recognises(tmp_path)
    assert [sample.name for sample in reader.read_samples(tmp_path, "val")] == ["a", "b"]
    assert reader.read_labels(None, void="ignore").dataset == "camvid"
    (folder / "notes.txt").write_text("text")
    samples = reader.read_samples(tmp_path, "val")
    assert reader.find_left_out(tmp_path, "val", samples) == [folder / "notes.txt"]
    (folder / "b_image.png").rename(folder / "b_image.webp")
    with pytest.raises(UserError, match=r"b_mask\.png: has no image; .*; b_image\.webp lies there"):
        reader.read_samples(tmp_path, "val")


def test_an_import_format(recipe, tmp_path):
    for folder, name in (("photos", "a.png"), ("tiles", "a_tile.png"), ("tiles", "b_tile.png")):
        (tmp_path / folder / "val").mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 3), 2).save(tmp_path / folder / "val" / name)
    source = recipe("An import format")["read_tiles"](tmp_path)
    (pair,) = source.pairs
    assert (pair.name, pair.split) == ("val/a", "val")
    assert source.no_image == (str(tmp_path / "tiles" / "val" / "b_tile.png"),)
    drawn = pair.label.draw({"road": 0, "car": 1}, rest=255, size=(3, 4))
    assert (drawn.label == 1).all()


def test_a_metric(recipe):
    rng = np.random.default_rng(0)
    truth, answer = rng.integers(0, 3, (2, 20, 30)).astype(np.uint8)
    answer = np.where(rng.random(truth.shape) < 0.4, truth, answer)
    matrix = ConfusionMatrix(3)
    matrix.add(truth, answer)
    found = recipe("A metric")["KappaScorer"]().scores(matrix).kappa
    assert found == pytest.approx(cohen_kappa_score(truth.ravel(), answer.ravel()))


def test_an_export_format(recipe):
    kind = recipe("An export format")["ONNX_GZ"]
    assert isinstance(kind, Format)
    assert not kind.by_default


def test_an_augmentation(recipe):
    invert = recipe("An augmentation")["invert"]
    image = tf.fill([2, 1, 1, 3], 64.0)
    changed, _ = invert(image, None, tf.constant([0.5, 0.25]), 0.5)
    np.testing.assert_array_equal(changed[:, 0, 0, 0], [64.0, 191.0])
