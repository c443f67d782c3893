import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands import check as check_command
from kerasseg.commands.check import check
from kerasseg.commands.main import start
from kerasseg.config import load_config
from kerasseg.drawing.overlay import overlay
from kerasseg.errors import UserError
from kerasseg.inference import open_model
from kerasseg.inference.predictor import Predictor
from kerasseg.labels.label_file import read_label_file
from kerasseg.streets.draw import draw_streets
from tests.inference.small_model import describe_small
from tests.programs import PROJECT
from tests.report.made_run import Page

WRONG = "wrong pixels in red"
CLASSES = """
classes:
  - {name: road, id: 0, color: [128, 64, 128]}
  - {name: a class whose name is very much too long for a table, id: 1, color: [0, 0, 142]}
  - {name: tram, id: 2, color: [0, 80, 100]}
void: {id: 255, color: [10, 20, 30]}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Folders of 5 and 2 flat images, half road (0), half void; 1 is in the last one only."""
    root = tmp_path / "data"
    for split, count in (("train", 5), ("val", 2)):
        (root / split / "images").mkdir(parents=True)
        (root / split / "labels").mkdir()
        for i in range(count):
            label = np.zeros((40, 60), np.uint8)
            label[:20] = 255
            if i == 4:
                label[-1] = 1
            name = f"{split}_image_{i}"
            Image.new("RGB", (60, 40), (200, 100, 0)).save(root / split / "images" / f"{name}.png")
            Image.fromarray(label).save(root / split / "labels" / f"{name}.png")
    (root / "labels.yaml").write_text(CLASSES)
    monkeypatch.setenv("COLUMNS", "80")
    return load_config(
        None, ["data.name=folders", f"data.root={root}", f"data.cache_dir={tmp_path}/cache"]
    )


def test_what_is_printed(config, tmp_path, capsys):
    check(config, sheet=tmp_path / "sheet.png")
    out = capsys.readouterr().out
    assert "folders: train 5 · val 2 · 3 classes · 60 x 40 · labels: 8-bit ids" in out
    row = re.search(r"road +5,940 +49\.50% +█+ +5$", out, re.MULTILINE)
    assert row, out
    assert re.search(r"a class whose .*… +60 +0\.50% +1$", out, re.MULTILINE), out
    assert re.search(r"void +6,000 +50\.00% +█+ *$", out, re.MULTILINE), out
    assert "never in train: tram" in out
    tables = out.split("note:")[0]
    assert max(len(line) for line in tables.splitlines()) <= 80


def test_the_sheet_shows_images_under_their_colours(config, tmp_path):
    path = tmp_path / "new" / "folder" / "sheet.png"
    check(config, sheet=path)
    with Image.open(path) as file:
        assert (file.format, file.mode) == ("PNG", "RGB")
        sheet = np.asarray(file)
    assert [p.name for p in path.parent.iterdir()] == ["sheet.png"]
    image = np.full((1, 1, 3), (200, 100, 0), np.uint8)
    for color in ((128, 64, 128), (10, 20, 30)):
        mixed = overlay(image, np.full((1, 1, 3), color, np.uint8), alpha=0.5)[0, 0]
        of_color = (sheet == mixed).all(axis=-1).sum()
        assert of_color > 7 * 420 * 280 * 0.4  # half of seven cells, less their rims
    for color in ((0, 0, 142), (0, 80, 100)):  # the legend
        assert (sheet == color).all(axis=-1).sum() > 100


def test_what_is_pasted_is_seen_before_one_trains(config, tmp_path):
    plain, pasted = tmp_path / "plain.png", tmp_path / "pasted.png"
    check(config, sheet=plain)
    augment = config.augment.model_copy(update={"unknown": 6})
    pasting = config.model_copy(update={"augment": augment})
    check(pasting, sheet=pasted)
    with Image.open(plain) as before, Image.open(pasted) as after:
        assert after.height - before.height == 280 + 24 + 14  # one row more
        rows = slice(before.height - 100, after.height - 100)
        new = np.asarray(after)[rows]
    # Void is what was void, the upper half, and what was pasted over the road below.
    void = overlay(np.full((1, 1, 3), (200, 100, 0), np.uint8),
                   np.full((1, 1, 3), (10, 20, 30), np.uint8), alpha=0.5)[0, 0]  # fmt: skip
    unchanged = (new == void).all(axis=-1).sum()
    assert unchanged > 0
    check(pasting, sheet=tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == pasted.read_bytes()


def test_a_data_set_out_of_order_leaves_no_sheet(config, tmp_path):
    label = tmp_path / "data" / "val" / "labels" / "val_image_1.png"
    Image.fromarray(np.full((40, 60), 77, np.uint8)).save(label)
    with pytest.raises(UserError, match="unknown ids 77"):
        check(config, sheet=tmp_path / "out" / "sheet.png")
    assert not (tmp_path / "out").exists()


def test_a_sheet_that_cannot_be_written(config, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"sheet\.png: cannot be written"):
        check(config, sheet=tmp_path / "file" / "sheet.png")
    (tmp_path / "taken").mkdir()
    with pytest.raises(UserError, match=r"taken: cannot be written"):
        check(config, sheet=tmp_path / "taken")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "data", "file", "taken"]


def test_square_brackets_in_names_are_shown_as_they_stand(config, tmp_path, capsys):
    names = ["lane [/solid]", "lane [solid]", ":car: $x$"]
    listed = "".join(
        f"  - {{name: '{n}', id: {i}, color: [{i}, 9, 9]}}\n" for i, n in enumerate(names)
    )
    (tmp_path / "data" / "labels.yaml").write_text(f"classes:\n{listed}void: {{id: 255}}\n")
    for folder, end in (("images", "txt"), ("images", "webp")):
        (tmp_path / "data" / "train" / folder / f"[bold] x [y].{end}").write_text("")
    check(config, sheet=tmp_path / "[i] sheet [b].png")
    out = capsys.readouterr().out
    assert re.search(r"lane \[/solid\] +5,940 ", out)
    assert re.search(r"lane \[solid\] +60 ", out)
    assert "never in train: :car: $x$" in out
    assert "2 files are not used, such as" in out
    assert "/[bold] x [y].txt" in out
    assert "/[i] sheet [b].png" in out


class Road(Predictor):
    """Sees road everywhere, less of it where the image is bright."""

    gives_probabilities = True

    def __init__(self, label_set):
        super().__init__(replace(describe_small(label_set), scale=None))

    def compute(self, images):
        answer = self.compute_with_probabilities(images)
        del answer["probabilities"]
        return answer

    def compute_with_probabilities(self, images):
        road = 0.9 - images[..., :1].astype(np.float32) / 300
        found = np.concatenate([road, *[(1 - road) / 3] * 3], axis=-1)
        return {
            "labels": np.zeros(images.shape[:3], np.uint8),
            "confidence": found.max(axis=-1),
            "uncertainty": 1 - found[..., :3].max(axis=-1),
            "probabilities": found,
        }


@pytest.fixture
def photos(config, tmp_path):
    """Noise instead of flat images; one of val is a training image, made smaller; one is bright."""
    root, rng = tmp_path / "data", np.random.default_rng(0)
    for path in sorted(root.glob("*/images/*")):
        Image.fromarray(rng.integers(0, 90, (40, 60, 3), np.uint8)).save(path)
    bright = rng.integers(150, 256, (40, 60, 3), np.uint8)
    Image.fromarray(bright).save(root / "train" / "images" / "train_image_3.png")
    with Image.open(root / "train" / "images" / "train_image_1.png") as file:
        twin = file.resize((61, 41), Image.Resampling.BILINEAR)
    twin.save(root / "val" / "images" / "val_image_1.png")
    label = np.zeros((41, 61), np.uint8)
    label[:20] = 255
    Image.fromarray(label).save(root / "val" / "labels" / "val_image_1.png")
    (root / "val" / "images" / "val_image_0.png").rename(root / "val/images/train_image_9.png")
    (root / "val" / "labels" / "val_image_0.png").rename(root / "val/labels/train_image_9.png")
    return root


def test_the_page(config, photos, tmp_path, capsys, monkeypatch):
    road = Road(read_label_file(photos / "labels.yaml", void="background"))
    monkeypatch.setattr(check_command, "_open", lambda model: road)
    path = tmp_path / "new" / "page.html"
    check(config, sheet=tmp_path / "sheet.png", page=path, model="runs/road")
    assert capsys.readouterr().out.endswith(f"page: {path}\n")
    page = Page(path.read_text(encoding="utf-8"))
    assert page.headings == [
        "To be known before a training",
        "Classes of train",
        "Classes of val",
        "Sizes",
        "Images under their labels",
        "Shared by training and validation",
        "Labels that may be wrong",
    ]
    assert all(address.startswith("data:image/") for address in page.addresses)
    text = page.text
    for said in (
        "folders: train 5 · val 2 · 3 classes",
        "never in train: tram",
        "5,940",
        "60 x 40",
        "61 x 41",
        "By their names, videos that have frames in both: 1.",
        "train_image_",
        "1 of 2 validation images look like a training image:",
        "What runs/road finds least likely",
    ):
        assert said in text, said
    found = re.search(r"train · train_image_3: road, 50\.0% of the image, loss ([\d.]+) ", text)
    assert found, text[text.index("finds least") :]
    assert 1.2 < float(found[1]) < 1.8
    assert page.alternatives.count("train · train_image_1") == 2  # of 7 images, and the twin
    assert "train · train_image_0: road" not in text
    assert page.alternatives[-4:] == ["road in the label", "prediction", "target", WRONG]


def test_the_page_of_a_set_that_shares_nothing(config, photos, tmp_path):
    for folder in ("images", "labels"):
        (photos / f"val/{folder}/train_image_9.png").rename(photos / f"val/{folder}/b.png")
    image = np.random.default_rng(9).integers(0, 90, (41, 61, 3), np.uint8)
    Image.fromarray(image).save(photos / "val/images/val_image_1.png")
    check(config, sheet=tmp_path / "sheet.png", page=tmp_path / "page.html")
    text = Page((tmp_path / "page.html").read_text(encoding="utf-8")).text
    assert "By their names, no video has frames in both." in text
    assert "0 of 2 validation images look like a training image." in text
    assert "Once a net is trained, check --model RUN shows what it doubts." in text


def test_a_model_that_cannot_be_asked(config, tmp_path, monkeypatch):
    other = describe_small().label_set
    plain, onnx = Road(other), tmp_path / "model.onnx"
    plain.gives_probabilities = False
    onnx.touch()
    monkeypatch.setattr(open_model, "open_predictor", lambda path: plain)
    with pytest.raises(UserError, match="--model: needs --html FILE"):
        start(["check", "--config", "folders", "--model", str(onnx)])
    with pytest.raises(UserError, match=r"model\.onnx gives no probabilities; export\.py --proba"):
        check(config, sheet=tmp_path / "s.png", page=tmp_path / "p.html", model=onnx)
    with pytest.raises(UserError, match="gone: no such file or directory"):
        check(config, sheet=tmp_path / "s.png", page=tmp_path / "p.html", model=tmp_path / "gone")
    monkeypatch.setattr(check_command, "_open", lambda model: Road(other))
    with pytest.raises(UserError, match=r"the model knows 19 classes .*, the data has 3"):
        check(config, sheet=tmp_path / "s.png", page=tmp_path / "p.html", model=onnx)
    assert not (tmp_path / "s.png").exists()
    assert not (tmp_path / "p.html").exists()


def test_nothing_but_its_own_lines_is_printed(tmp_path):
    draw_streets(tmp_path / "streets", train=2, val=1, seed=0)
    words = ["-m", "kerasseg", "check", "--config", "streets", "augment.unknown=3"]
    done = subprocess.run(  # a process that TensorFlow has not been imported in
        [sys.executable, *words, "data.root=streets", "data.cache_dir=cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "contact sheet: check-streets.png"
