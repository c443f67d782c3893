"""A run directory made by hand, and what stands on a page."""

import csv
import json
import re
from html.parser import HTMLParser

import numpy as np

from kerasseg.config import dump_config, load_config
from kerasseg.labels import camvid_labels
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.history import history_columns

TERMS = ("cross_entropy", "variance")
_EMPTY = {"meta", "img", "br", "hr", "input", "link"}


class Page(HTMLParser):
    """What stands in a document. Raises if a tag is closed that was not open."""

    def __init__(self, document: str):
        super().__init__()
        self.open, self.addresses, self.words, self.headings = [], [], [], []
        self.alternatives = []
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
            self.alternatives.append(dict(attributes)["alt"])

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
        writer = csv.DictWriter(file, history_columns(TERMS), restval="0.5")
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
