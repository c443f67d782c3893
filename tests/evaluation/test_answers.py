"""Which label PNG of a folder belongs to a sample, and that it is read as training reads labels."""

import numpy as np
import pytest
from PIL import Image

from kerasseg.data.contents import label_of
from kerasseg.errors import UserError
from kerasseg.evaluation.answers import PngAnswers, _files_of
from tests.data.drawn_catalog import draw_catalog


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
