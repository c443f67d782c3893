"""Which label PNG of a folder belongs to a sample, and that it is read as training reads labels."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from kerasseg.data.catalog import open_catalog
from kerasseg.data.contents import label_of
from kerasseg.errors import UserError
from kerasseg.evaluation.png_answers import PngAnswers, _files_of
from kerasseg.labels import VOID, cityscapes_labels
from tests.data.drawn_catalog import draw_catalog
from tests.data.made_folders import CLASSES, configure, make_folders


@pytest.mark.parametrize(
    ("name", "files", "expected"),
    [
        ("1", ["1", "10"], ["1"]),
        ("1", ["10", "x_1", "21"], ["x_1"]),
        ("a", ["a_labels", "a_overlay", "a_uncertainty"], ["a_labels"]),
        ("a", ["a", "a_labels"], ["a"]),
        ("town_0", ["pred_town_0_ids", "town_01"], ["pred_town_0_ids"]),
        ("a", ["b"], []),
        ("a", ["a_x", "a_y"], ["a_x", "a_y"]),
        ("a.b", ["aXb", "a.b_x"], ["a.b_x"]),
        ("a", ["a_cam_labels", "a_cam_overlay", "a_cam_uncertainty"], ["a_cam_labels"]),
        ("a", ["a_cam_overlay"], ["a_cam_overlay"]),
    ],
)
def test_the_exact_name_wins(tmp_path, name, files, expected):
    found = _files_of(name, [tmp_path / f"{file}.png" for file in files])
    assert [path.stem for path in found] == expected


def test_truth_scored_against_itself(tmp_path):
    """In every form in which training takes labels: 8-bit and 16-bit gray, 2-bit gray, palette."""
    (tmp_path / "data").mkdir()
    catalog = draw_catalog(tmp_path / "data", count=4, size=(8, 12))
    answers = tmp_path / "answers"
    answers.mkdir()
    for i, sample in enumerate(catalog.splits["train"]):
        with Image.open(sample.label) as label:
            ids = np.asarray(label) % 4
        Image.fromarray(ids.astype(np.uint8)).save(sample.label)
        path = answers / f"{sample.name}.png"
        if i == 0:
            Image.fromarray(ids.astype(np.uint16)).save(path)
        elif i == 1:
            image = Image.fromarray(ids.astype(np.uint8), mode="P")
            image.putpalette(list(range(12)))
            image.save(path, bits=2)
        else:
            Image.fromarray(ids.astype(np.uint8)).save(path)
    reader = PngAnswers(answers, catalog, "train")
    for sample in catalog.splits["train"]:
        np.testing.assert_array_equal(reader(sample).labels, label_of(sample, catalog))


def test_colours_where_the_data_has_none_are_refused(tmp_path):
    (tmp_path / "data").mkdir()
    catalog = draw_catalog(tmp_path / "data", count=1, size=(8, 12))
    (tmp_path / "answers").mkdir()
    Image.fromarray(np.zeros((8, 12, 3), np.uint8)).save(
        tmp_path / "answers" / f"{catalog.splits['train'][0].name}.png"
    )
    with pytest.raises(UserError, match="found RGB, expected label ids"):
        PngAnswers(tmp_path / "answers", catalog, "train")(catalog.splits["train"][0])


def write_answers(folder, catalog, values):
    """values: of a sample's trainIds, what is written for them."""
    folder.mkdir()
    for sample in catalog.splits["train"]:
        found = values(label_of(sample, catalog))
        Image.fromarray(found.astype(np.uint8)).save(folder / f"{sample.name}.png")
    return folder


def test_train_ids_are_told_from_label_ids(tmp_path):
    (tmp_path / "data").mkdir()
    drawn = draw_catalog(tmp_path / "data", count=2, size=(8, 12))
    labels = cityscapes_labels(void="background")
    catalog = replace(drawn, label_set=labels)
    for sample in catalog.splits["train"]:
        train_ids = np.random.default_rng(0).integers(0, 19, (8, 12), np.uint8)
        train_ids[0] = 255
        Image.fromarray(labels.to_ids(train_ids)).save(sample.label)
    for name, values in {
        "as they are": lambda truth: truth,
        "with the background's index": lambda truth: np.where(truth == 255, 19, truth),
        "with some errors": lambda truth: np.where(truth < 4, 3, truth),
    }.items():
        with pytest.raises(UserError, match=r"holds trainIds, as it seems: .* as the label ids"):
            PngAnswers(write_answers(tmp_path / name, catalog, values), catalog, "train")
    for name, values in {
        "ids": labels.to_ids,
        "wrong ids": lambda truth: labels.to_ids(np.where(truth == 255, 0, 18 - truth % 19)),
        "all one id": lambda truth: np.full_like(truth, 7),
    }.items():
        reader = PngAnswers(write_answers(tmp_path / name, catalog, values), catalog, "train")
        assert reader(catalog.splits["train"][0]).labels.shape == (8, 12)


def test_data_drawn_in_colours_takes_its_own_labels_and_what_predict_writes(tmp_path):
    root = make_folders(tmp_path / "data", ids=(0, 1, 2, 3))
    text = CLASSES.replace("id: [1, 2]", "id: 1").replace("void: {id: 255}", "labels: colors")
    (root / "labels.yaml").write_text(text)
    colors = yaml.safe_load(text)["classes"]
    palette = np.array([entry["color"] for entry in colors], np.uint8)
    for path in root.glob("*/labels/*.png"):
        with Image.open(path) as file:
            indices = np.asarray(file) % 4
        if path.stem == "i0":  # colours by way of a palette
            image = Image.fromarray(indices, mode="P")
            image.putpalette(palette.tobytes())
        else:
            image = Image.fromarray(palette[indices])
        image.save(path)
    catalog = open_catalog(configure(root))
    written = write_answers(tmp_path / "written", catalog, catalog.label_set.to_ids)
    for folder in (root / "train" / "labels", written):
        reader = PngAnswers(folder, catalog, "train")
        for sample in catalog.splits["train"]:
            np.testing.assert_array_equal(reader(sample).labels, label_of(sample, catalog))


def test_void_that_is_only_written_is_void(tmp_path):
    root = make_folders(tmp_path / "data", ids=(0, 1, 2, 3))
    (root / "labels.yaml").write_text(CLASSES.replace("void: {id: 255}", ""))
    catalog = open_catalog(configure(root))
    folder = write_answers(tmp_path / "out", catalog, lambda truth: np.full_like(truth, 255))
    (sample, *_) = catalog.splits["train"]
    assert (PngAnswers(folder, catalog, "train")(sample).labels == VOID).all()
