"""python -m kerasseg predict --rank: which images to label next."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands.main import start
from kerasseg.errors import UserError
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.labels import cityscapes_labels
from tests.inference.small_model import blotches, small_graph, write_onnx

LABELS = cityscapes_labels(void="background", dataset="streets")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_onnx(tmp_path_factory.mktemp("onnx") / "model.onnx", small_graph()))


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Three images in `in/`, which is below the working directory."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i, name in enumerate("abc"):
        Image.fromarray(blotches(60, 90, seed=i)).save(folder / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return folder


def run(*arguments):
    return start(["predict", *map(str, arguments)])


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def pixels(path):
    with Image.open(path) as file:
        return np.asarray(file)


def test_the_images_most_worth_a_label_come_first(model, photos, capsys):
    assert run(model, "in", "--rank", "todo/rank.csv") == 0
    assert capsys.readouterr().out == "todo/rank.csv: 3 images, the first in todo/rank.png\n"
    assert names("todo") == ["rank.csv", "rank.png"]
    with open("todo/rank.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    predictor = OnnxPredictor(model)
    found = {f"in/{n}.png": predictor.predict(pixels(photos / f"{n}.png")) for n in "abc"}
    expected = sorted(found, key=lambda name: -found[name].uncertainty.mean())
    assert [row["image"] for row in rows] == expected
    for row in rows:
        prediction = found[row["image"]]
        assert float(row["image_uncertainty"]) == pytest.approx(
            prediction.uncertainty.mean(), abs=1e-5
        )
        share = (prediction.labels == LABELS.background_id).mean()
        assert float(row["unlabelled"]) == pytest.approx(share, abs=1e-5)
    assert pixels("todo/rank.png").shape[1] == 4 * 320 + 5 * 8


def test_a_ranking_beside_the_pictures(model, photos, capsys):
    assert run(model, "in", "--rank", "rank.csv", "--out", "out") == 0
    assert capsys.readouterr().out.splitlines() == [
        "rank.csv: 3 images, the first in rank.png",
        "out: 3 images",
    ]
    assert len(names("out")) == 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--out: found none, allowed: --out DIR, --rank FILE.csv, or both"),
        (["--rank", "rank.txt"], "--rank: found rank.txt, allowed: a file that ends in .csv"),
        (["--rank", "rank.csv", "--submission"], "--submission: needs --out DIR"),
    ],
)
def test_there_has_to_be_somewhere_to_write_to(model, photos, options, message):
    with pytest.raises(UserError, match=re.escape(message)):
        run(model, "in", *options)
