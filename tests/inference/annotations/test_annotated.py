"""Every format: what was predicted is read back by `kerasseg import`'s readers of that tool."""

import json

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands.predict import _TOOLS
from kerasseg.data.layouts import known_layout
from kerasseg.importing import FORMATS
from kerasseg.inference.annotations import ANNOTATIONS
from kerasseg.inference.annotations.annotated import AnnotationWriter
from kerasseg.inference.result import Prediction
from kerasseg.labels import camvid_labels
from tests.importing.drawn import names_of

LABELS = camvid_labels(void="background")
READERS = {"coco": "coco", "labelme": "labelme", "cvat": "cvat_images"}


def predictions():
    """Blocks of 8 x 8 and, within one of another class, of 4 x 4; the background among them."""
    rng = np.random.default_rng(3)
    for name in ("a", "b"):
        labels = np.kron(rng.integers(0, 12, (4, 5)), np.ones((8, 8))).astype(np.uint8)
        labels[2:6, 2:6] = LABELS.background_id
        zeros = np.zeros(labels.shape, np.float32)
        yield name, Prediction(labels, zeros, zeros, LABELS)


def test_the_command_offers_every_row():
    assert tuple(ANNOTATIONS) == _TOOLS == tuple(READERS)


@pytest.mark.parametrize("tool", ANNOTATIONS)
def test_what_is_written_is_read_back(tmp_path, tool):
    if tool != "labelme":
        pytest.importorskip("pycocotools")
    photos, out, form = tmp_path / "x" / "photos", tmp_path / "x" / "out", ANNOTATIONS[tool]
    writer = AnnotationWriter(form, out, LABELS, base=photos, tolerance=1.0)
    photos.mkdir(parents=True)
    for name, prediction in predictions():
        height, width = prediction.labels.shape
        Image.new("RGB", (width, height)).save(photos / f"{name}.png")
        target = None if form.one_file else out / f"{name}{form.suffix}"
        writer.add(prediction, image=photos / f"{name}.png", target=target)
    writer.finish()
    names = [form.one_file] if form.one_file else [f"a{form.suffix}", f"b{form.suffix}"]
    assert sorted(path.name for path in out.iterdir()) == names
    assert known_layout(tmp_path / "x") == READERS[tool]
    source = FORMATS[READERS[tool]](tmp_path / "x")
    assert len(source.pairs) == 2
    table = np.array([*LABELS.names, "void"])
    for place, (_, prediction) in enumerate(predictions()):
        expected = table[prediction.labels]
        found = names_of(source, place)
        assert found.shape == expected.shape
        if tool == "labelme":  # which counts the outline in: a row and a column more
            inner = np.lib.stride_tricks.sliding_window_view(expected, (3, 3))
            same = (inner == inner[..., 1:2, 1:2]).all(axis=(-1, -2))
            assert same.mean() > 0.3
            np.testing.assert_array_equal(found[1:-1, 1:-1][same], expected[1:-1, 1:-1][same])
        else:
            np.testing.assert_array_equal(found, expected)


def test_coco_counts_boxes_and_areas(tmp_path):
    writer = AnnotationWriter(ANNOTATIONS["coco"], tmp_path, LABELS, base=tmp_path, tolerance=0.0)
    labels = np.full((6, 9), 3, np.uint8)
    labels[1:4, 2:8] = 255
    zeros = np.zeros(labels.shape, np.float32)
    prediction = Prediction(labels, zeros, zeros, LABELS)
    writer.add(prediction, image=tmp_path / "deep" / "a.jpg", target=None)
    writer.finish()
    made = json.loads((tmp_path / "annotations.json").read_text())
    assert made["images"] == [{"id": 1, "file_name": "deep/a.jpg", "width": 9, "height": 6}]
    assert [(a["category_id"], a["bbox"], a["area"]) for a in made["annotations"]] == [
        (4, [0, 0, 9, 6], 54),
        (12, [2, 1, 6, 3], 18),
    ]
    assert [c["name"] for c in made["categories"]] == [*LABELS.names, "void"]
