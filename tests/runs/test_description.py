import json

import pytest

from kerasseg.errors import UserError
from kerasseg.labels import cityscapes_labels
from kerasseg.runs.description import Description
from tests.inference.small_model import document


def test_what_is_read():
    found = Description.from_json(document(), source="here")
    assert found == Description(
        label_set=cityscapes_labels(void="background", dataset="streets"),
        working_size=(128, 256),
        native_size=(256, 512),
        depth=2,
        tile=512,
        uncertainty_scale=2.5,
    )


def test_a_file(tmp_path):
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(document()))
    assert Description.from_file(path) == Description.from_json(document(), source="")
    path.write_bytes(b"\xff\xfe")
    for file in (path, tmp_path / "none.json", tmp_path):
        with pytest.raises(UserError, match=f"^{file}: cannot be read"):
            Description.from_file(file)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": None}, "the key 'names' is missing"),
        ({"tile": None}, "the key 'tile' is missing"),
        ({"void": "maybe"}, "void is 'maybe'"),
        ({"working_size": [128]}, "not a description of a model"),
        ({"working_size": 128}, "not a description of a model"),
        ({"native_size": [0, 512]}, "found 0, allowed: integer >= 1"),
        ({"depth": 2.5}, "found 2.5, allowed: integer >= 1"),
        ({"depth": True}, "found True, allowed: integer >= 1"),
        ({"uncertainty_scale": 0}, "found 0, allowed: number > 0"),
        ({"uncertainty_scale": float("nan")}, "found nan, allowed: number > 0"),
        ({"uncertainty_scale": "1"}, "found '1', allowed: number > 0"),
    ],
)
def test_what_is_refused(changes, message):
    data = {k: v for k, v in (document() | changes).items() if v is not None}
    with pytest.raises(UserError) as caught:
        Description.from_json(data, source="here")
    (line,) = str(caught.value).splitlines()
    assert line.startswith("here: ")
    assert message in line


@pytest.mark.parametrize("text", ["", "[1, 2]", "7", "{"])
def test_text_that_is_something_else(text):
    with pytest.raises(UserError, match=r"^here: not "):
        Description.from_text(text, source="here")
