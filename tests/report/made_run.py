"""A run directory made by hand, and what stands on a page."""

import csv
import re
from html.parser import HTMLParser

import numpy as np

from kerasseg.config import dump_config, load_config
from kerasseg.labels import LabelSet, camvid_labels
from kerasseg.metrics.abstention import Unlabelled
from kerasseg.metrics.boundaries import BoundaryScores
from kerasseg.metrics.calibration import CalibrationScores, ReliabilityCurve
from kerasseg.metrics.error_detection import ErrorDetectionScores, ErrorRanking, RiskCoverage
from kerasseg.metrics.forced_labels import ForcedScores
from kerasseg.metrics.image_scores import ImageScore, ImageScores
from kerasseg.metrics.split_scores import SplitScores
from kerasseg.metrics.unknown_detection import UnknownDetectionScores, UnknownRanking
from kerasseg.metrics.unknown_objects import ObjectRanking, UnknownObjectScores
from kerasseg.metrics.unlabelled import UnlabelledPoint, UnlabelledRanking, UnlabelledScores
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.directory import RunDirectory
from kerasseg.runs.history import history_columns
from tests.metrics.made_scores import made_scores

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


def scores(classes=None, **more):
    """Of CamVid's classes, or of others."""
    names = camvid_labels(void="background").names
    classes = classes or {name: (0.05 * i, 100 + i) for i, name in enumerate(names)}
    measured = {"miou": 0.4321, "pixel_accuracy": 0.8765, "image_accuracy": 0.7654}
    return made_scores(classes, **{**measured, "images": 2, **more})


_OWN, _HALF = Unlabelled(0.0123, 0.6262, 0.0345), Unlabelled(0.0212, 0.6161, 0.4545)
_LEFT_OUT = UnlabelledRanking(_OWN, (UnlabelledPoint(0.02, 1.375, _HALF),), (_OWN, _HALF))

# Everything that need not have been measured.
FULL = {
    "forced": ForcedScores(0.4567),
    "confusion": tuple(tuple(row) for row in (np.eye(12, dtype=int) * 50 + 3).tolist()),
    "each_image": ImageScores((ImageScore("a", 0.5, 0.9), ImageScore("b", 0.25, 0.8))),
    "calibration": CalibrationScores(
        error=0.0123,
        curve=ReliabilityCurve((0.3, 0.9), (0.4, 0.8), (10, 90)),
        edge_error=0.1,
        edge_curve=ReliabilityCurve((0.3,), (0.4,), (10,)),
    ),
    "errors": ErrorDetectionScores(
        {
            "uncertainty": ErrorRanking(
                0.6161, 0.3131, 0.0707, 0.0404, RiskCoverage((0.5, 1.0), (0.1, 0.2))
            )
        }
    ),
    "unknown": UnknownDetectionScores(
        2, 1, {"uncertainty": UnknownRanking(0.6262, 0.1515, 0.9191)}
    ),
    "unknown_objects": UnknownObjectScores(
        1, 4, {"uncertainty": ObjectRanking(1.25, 0.3, 0.521, 0.751, 0.253, 0.412, 3.5)}
    ),
    "unlabelled": UnlabelledScores(1, 1, {"uncertainty": _LEFT_OUT}),
    "boundaries": BoundaryScores(0.2828, {2: 0.2929}, {1: 0.1717, 2: None}),
}


def _label_set(names) -> LabelSet:
    ids = range(len(names))
    return LabelSet(
        dataset="made",
        names=tuple(names),
        palette=tuple((i, i, i) for i in ids),
        ids=tuple(ids),
        void_ids=(255,),
        void_name="void",
        void_color=(0, 0, 0),
        void="background",
        id_to_train={i: i for i in ids},
    )


def make_run(folder, content: SplitScores, *settings: str, names=None):
    """A run directory with everything but weights that could be loaded."""
    run = RunDirectory(folder)
    run.path.mkdir(parents=True)
    config = load_config(None, ["data.root=nowhere", f"name={folder.name}", *settings])
    run.config.write_text(f"# made with kerasseg 1.2.3\n# git commit abc\n{dump_config(config)}")
    run.write_description(
        ModelDescription(
            label_set=_label_set(names) if names else camvid_labels(void="background"),
            working_size=(180, 240),
            native_size=(360, 480),
            stride=16,
            reach=200,
            tile=2048,
            max_pixels=10**7,
        )
    )
    run.best.touch()
    run.write_scores(content)
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
