"""`labels.json`: what is written is read back, and nothing else is read."""

import json
from dataclasses import fields

import pytest

from kerasseg.errors import UserError
from kerasseg.runs.description import ModelDescription
from tests.runs.described_models import EXPORT, RUN


@pytest.mark.parametrize("description", [RUN, EXPORT], ids=["run", "export"])
def test_what_is_written_is_read_back(description, tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(description.to_text(), encoding="utf-8")
    assert ModelDescription.from_file(path) == description
    assert ModelDescription.from_text(description.to_text(), source="") == description


def test_the_file_holds_every_field_beside_those_of_the_label_set():
    data = json.loads(EXPORT.to_text())
    own = {field.name for field in fields(ModelDescription)} - {"label_set"}
    said = {"uncertainty", "uncertainty_scale"}  # for readers of the file
    assert data.keys() == own | said | EXPORT.label_set.to_json().keys()
    assert data["native_size"] == [256, 512]
    assert data["reach"] is None
    assert json.loads(RUN.to_text())["temperature"] is None


def test_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "labels.json"
    path.write_bytes(b"\xff\xfe")
    for file in (path, tmp_path / "none.json", tmp_path):
        with pytest.raises(UserError, match=f"^{file}: cannot be read"):
            ModelDescription.from_file(file)


# A label set that does not say whether its void was declared is one whose void was, one that states
# no tolerance has none; the other two are the same for every model.
UNREAD = {"void_declared", "color_tolerance", "uncertainty", "uncertainty_scale"}


@pytest.mark.parametrize("missing", sorted(EXPORT.to_json().keys() - UNREAD))
def test_every_key_is_needed(missing):
    data = EXPORT.to_json()
    del data[missing]
    with pytest.raises(UserError, match=f"^here: .*the key '{missing}' is missing$"):
        ModelDescription.from_json(data, source="here")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"void": "maybe"}, "void is 'maybe'"),
        ({"working_size": [128]}, "working_size: found [128], allowed: [height, width]"),
        ({"working_size": 128}, "working_size: found 128, allowed: [height, width]"),
        ({"native_size": [0, 512]}, "found [0, 512], allowed: [height, width], integers >= 1"),
        ({"one_size": 1}, "one_size: found 1, allowed: true | false"),
        ({"scale": 0}, "scale: found 0, allowed: number > 0 | null"),
        ({"stride": 2.5}, "stride: found 2.5, allowed: integer >= 1"),
        ({"stride": True}, "found True, allowed: integer >= 1"),
        ({"reach": 0}, "reach: found 0, allowed: integer >= 1 | null"),
        ({"tile": None}, "tile: found None, allowed: integer >= 1"),
        ({"max_pixels": "many"}, "max_pixels: found 'many', allowed: integer >= 1"),
        ({"temperature": 0}, "found 0, allowed: number > 0 | null"),
        ({"temperature": float("nan")}, "found nan, allowed: number > 0"),
        ({"temperature": "1"}, "found '1', allowed: number > 0"),
        ({"temperature": True}, "found True, allowed: number > 0"),
        ({"temperature": [1]}, "temperature: found [1], allowed: number > 0 | null"),
        ({"unlabelled_above": 1.5}, "found 1.5, allowed: number from 0 to 1 | null"),
        ({"unlabelled_above": "no"}, "found 'no', allowed: number from 0 to 1 | null"),
        ({"kerasseg_version": 1}, "found 1, allowed: text | null"),
        ({"names": ["a\x1b[2J"] * 20}, "the name 'a\\x1b[2J', expected text without control"),
        ({"run": "a\nb"}, "run: found 'a\\nb', allowed: text | null"),
        ({"run": ["a"] * 1000}, "run: found ['a', 'a', 'a', 'a', 'a', 'a', ...], allowed: text"),
    ],
)
def test_what_is_refused(changes, message):
    with pytest.raises(UserError) as caught:
        ModelDescription.from_json(EXPORT.to_json() | changes, source="here")
    (line,) = str(caught.value).splitlines()
    assert line.startswith("here: ")
    assert message in line


@pytest.mark.parametrize("text", ["", "[1, 2]", "7", "{"])
def test_text_that_is_something_else(text):
    with pytest.raises(UserError, match=r"^here: not "):
        ModelDescription.from_text(text, source="here")
