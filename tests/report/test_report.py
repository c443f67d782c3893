"""The page of a run: complete in itself, well formed, and true to the files of the run."""

import csv
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kerasseg.config import dump_config, load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.streets.draw import draw_streets
from kerasseg.errors import UserError
from kerasseg.inference.description import Description
from kerasseg.inference.predictor import Predictor
from kerasseg.labels import camvid_labels
from kerasseg.report.command import report
from kerasseg.report.examples import best_and_worst, draw_example
from kerasseg.report.html import table, text
from kerasseg.training.run_directory import COLUMNS, RunDirectory

_EMPTY = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """What stands in a document. Raises if a tag is closed that was not open."""

    def __init__(self, document: str):
        super().__init__()
        self.open, self.addresses, self.words, self.headings = [], [], [], []
        self.feed(document)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        if tag not in _EMPTY:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "srcset", "data", "action"):
                self.addresses.append(value)
        if tag == "img":
            assert dict(attributes)["alt"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)
        if self.open[-1:] == ["h2"]:
            self.headings.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def metrics(**more) -> dict:
    names = camvid_labels(void="background").names
    return {
        "split": "val",
        "images": 2,
        "miou": 0.4321,
        "pixel_accuracy": 0.8765,
        "image_accuracy": 0.7654,
        "classes": {n: {"iou": 0.05 * i, "pixels": 100 + i} for i, n in enumerate(names)},
        **more,
    }


FULL = {
    "miou_forced": 0.4567,
    "ece": 0.0123,
    "ece_boundary": 0.1,
    "confusion": (np.eye(12, dtype=int) * 50 + 3).tolist(),
    "each_image": [
        {"name": "a", "miou": 0.5, "pixel_accuracy": 0.9},
        {"name": "b", "miou": 0.25, "pixel_accuracy": 0.8},
    ],
    "reliability": {"confidence": [0.3, 0.9], "accuracy": [0.4, 0.8], "pixels": [10, 90]},
    "reliability_boundary": {"confidence": [0.3], "accuracy": [0.4], "pixels": [10]},
    "errors": {
        "uncertainty": {
            "auroc": 0.6161,
            "average_precision": 0.3131,
            "risk_coverage_area": 0.0707,
            "risk_coverage": {"coverage": [0.5, 1.0], "risk": [0.1, 0.2]},
        }
    },
    "unknown": {
        "images": 1,
        "uncertainty": {"auroc": 0.6262, "average_precision": 0.1515, "fpr95": 0.9191},
    },
}


def make_run(folder, content: dict, *settings: str, names=None):
    """A run directory with everything but weights that could be loaded."""
    run = RunDirectory(folder)
    run.path.mkdir(parents=True)
    config = load_config(None, ["data.root=nowhere", f"name={folder.name}", *settings])
    run.config.write_text(f"# made with kerasseg 1.2.3\n# git commit abc\n{dump_config(config)}")
    labels = camvid_labels(void="background").to_json()
    run.labels.write_text(json.dumps(labels | ({"names": names} if names else {})))
    run.best.touch()
    run.metrics.write_text(json.dumps(content))
    with run.history.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="0.5")
        writer.writeheader()
        for epoch, (stage, crop, miou) in enumerate([(1, 0.6, ""), (2, 1, "0.3"), (2, 1, "0.4")]):
            writer.writerow(
                {
                    "epoch": epoch + 1,
                    "stage": stage,
                    "crop_scale": crop,
                    "images_seen": 1200 * (epoch + 1),
                    "val_miou": miou,
                    "images_per_second": "10",
                }
            )
    return run


def read(path) -> Page:
    document = path.read_text(encoding="utf-8")
    page = Page(document)
    assert all(address.startswith("data:image/") for address in page.addresses)
    assert not re.search(r"url\(|@import|<script|<link", document)
    return page


def test_the_page_holds_the_numbers_of_the_run_and_asks_nothing_of_the_net(tmp_path, capsys):
    run = make_run(tmp_path / "mine", metrics(**FULL))
    report([str(run.path)], prog="test")
    assert capsys.readouterr().out == f"{run.report}\n"
    page = read(run.report)
    for word in ("0.4321", "0.4567", "0.8765", "0.7654", "0.0123", "3,600", "6.0 min"):
        assert word in page.words, word
    for word in ("0.6161", "0.3131", "0.0707", "0.6262", "0.1515", "0.9191", "Bicyclist"):
        assert word in page.words, word
    assert "kerasseg 1.2.3 · git commit abc" in page.text
    assert "data.root = nowhere" in page.text
    assert page.headings == [
        "Learning",
        "Classes",
        "What is taken for what",
        "Best and worst images",
        "Does it know when it is wrong?",
        "Does it notice what it has never seen?",
        "How it was made",
    ]
    assert "The images are not to be had: nowhere" in page.text  # the data is not there


def test_what_was_not_measured_is_left_out(tmp_path):
    run = make_run(tmp_path / "old", metrics(miou=None))
    report([str(run.path)], prog="test")
    page = read(run.report)
    assert page.headings == ["Learning", "Classes", "Best and worst images", "How it was made"]
    assert "metrics.json says nothing of single images." in page.text


def test_a_name_is_no_markup(tmp_path):
    evil = '<b>&"x'
    classes = {evil: {"iou": 0.5, "pixels": 3}, "plain": {"iou": None, "pixels": 0}}
    run = make_run(tmp_path / "evil", metrics(classes=classes), names=[evil, "plain"])
    report([str(run.path)], prog="test")
    assert evil in "".join(read(run.report).words)


@given(cell=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20))
def test_any_text_comes_back_out_of_a_table(cell):
    page = Page(table(("head",), [(text(cell),)]))
    assert cell in "".join(page.words)


def test_several_runs_are_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "one", metrics(**FULL))
    make_run(tmp_path / "two", metrics(miou=0.5555), "loss.boundary_weight=1.0")
    report(["one", "two"], prog="test")
    page = read(tmp_path / "comparison.html")
    for word in ("one", "two", "0.4321", "0.5555", "loss.boundary_weight"):
        assert word in page.words, word
    assert "data.root" not in page.words


def test_two_runs_of_one_name_are_told_apart_by_their_directories(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("a", "b"):
        make_run(tmp_path / place / "same", metrics())
    report(["a/same", "b/same", "--out", "c.html"], prog="test")
    assert {"a/same", "b/same"} <= set(read(tmp_path / "c.html").words)


def test_what_cannot_be_reported_is_named(tmp_path):
    run = make_run(tmp_path / "run", metrics())
    with pytest.raises(UserError, match=r"nowhere: no such directory"):
        report([str(tmp_path / "nowhere")], prog="test")
    with pytest.raises(UserError, match=r"no/such/r\.html: cannot be written"):
        report([str(run.path), "--out", str(tmp_path / "no/such/r.html")], prog="test")
    run.metrics.write_text("{}")
    with pytest.raises(UserError, match="run: cannot be read"):
        report([str(run.path)], prog="test")
    run.metrics.unlink()
    with pytest.raises(UserError, match=r"no metrics\.json in it; finish the run"):
        report([str(run.path)], prog="test")
    assert not run.report.exists()


@given(scores=st.lists(st.none() | st.floats(0, 1), max_size=9), count=st.integers(1, 4))
def test_best_and_worst_are_the_ends_of_the_ranking(scores, count):
    entries = [{"name": f"{i:02}", "miou": score} for i, score in enumerate(scores)]
    best, worst = best_and_worst(entries, count=count)
    known = sorted((s for s in scores if s is not None), reverse=True)
    assert [e["miou"] for e in best] == known[: len(best)]
    assert [e["miou"] for e in worst] == known[::-1][: len(worst)]
    assert len(best) == len(worst) == min(count, len(known) // 2)
    assert not {e["name"] for e in best} & {e["name"] for e in worst}


def test_wrong_pixels_are_red_and_void_ones_are_not_judged(tmp_path):
    draw_streets(tmp_path / "streets", train=1, val=1, seed=3)
    config = load_config(None, [f"data.root={tmp_path / 'streets'}", f"data.cache_dir={tmp_path}"])
    catalog = open_catalog(config)

    class Road(Predictor):
        def compute(self, images):
            shape = images.shape[:3]
            zeros = np.zeros(shape, np.float32)
            return {"labels": np.zeros(shape, np.uint8), "confidence": zeros, "uncertainty": zeros}

    size = catalog.native_size
    road = Road(
        Description(
            label_set=catalog.label_set, working_size=size, native_size=size, depth=1, tile=2048
        )
    )
    (sample,) = catalog.splits["val"]
    entry = {"name": sample.name, "miou": 0.1}
    found = draw_example(entry, predictor=road, catalog=catalog, split="val")
    captions = [caption for caption, _, _ in found.pictures]
    assert captions[:4] == ["image", "prediction", "target", "wrong pixels in red"]
    target = catalog.label_set.table[np.asarray(Image.open(sample.label))]
    errors = np.asarray(found.pictures[3][1])
    assert errors.shape[1] == 480
    red = (errors == (203, 62, 56)).all(axis=-1).mean()
    white = (errors == (255, 255, 255)).all(axis=-1).mean()
    assert red == pytest.approx(((target != 0) & (target != 255)).mean(), abs=0.01)
    assert white == pytest.approx((target == 255).mean(), abs=0.01)
