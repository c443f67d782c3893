from itertools import pairwise

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerasseg.errors import UserError
from kerasseg.labels import UNKNOWN, VOID, LabelSet
from kerasseg.labels.label_file import read_label_file

GOOD = """
classes:
  - {name: road, id: 0, color: [128, 64, 128]}
  - {name: car, id: [1, 2], color: [0, 0, 142]}
void: {id: [255, 9], color: [1, 2, 3]}
"""


def read(tmp_path, text, void="background"):
    path = tmp_path / "labels.yaml"
    path.write_text(text, encoding="utf-8")
    return read_label_file(path, void=void)


def test_a_good_file(tmp_path):
    labels = read(tmp_path, GOOD, void="ignore")
    assert (labels.dataset, labels.void, labels.drawn_as) == ("folders", "ignore", "ids")
    assert labels.names == ("road", "car")
    assert labels.palette == ((128, 64, 128), (0, 0, 142))
    assert labels.ids == (0, 1)
    assert (labels.void_ids, labels.void_color) == ((255, 9), (1, 2, 3))
    assert [labels.table[i] for i in (0, 1, 2, 9, 255, 3)] == [0, 1, 1, VOID, VOID, UNKNOWN]
    assert labels.color_to_train == {}


def test_void_may_be_left_out(tmp_path):
    """Then no id is read as void; one is there to be written."""
    two = "classes: [{name: a, id: %d, color: [1, 1, 1]}, {name: b, id: 7, color: [2, 2, 2]}]"
    for other, written in ((0, 255), (255, 254)):
        labels = read(tmp_path, two % other)
        assert labels.void_ids == (written,)
        assert (labels.table == VOID).sum() == 0
        assert labels.table[written] == UNKNOWN
        assert labels.written_table[written] == VOID
        assert LabelSet.from_json(labels.to_json()) == labels
    declared = read(tmp_path, two % 0 + "\nvoid: {id: 255}")
    assert declared.table[255] == VOID
    np.testing.assert_array_equal(declared.written_table, declared.table)
    without = {k: v for k, v in declared.to_json().items() if k != "void_declared"}
    assert LabelSet.from_json(without) == declared  # of earlier versions


@pytest.mark.parametrize(
    ("text", "background"),
    [
        ("classes: [{name: road, id: 1, color: [9, 9, 9]}]\nvoid: {id: 0}", 0),
        ("classes: [{name: road, id: [1, 3], color: [9, 9, 9]}]", 0),
        ("classes: [{name: road, id: 0, color: [0, 0, 0]}]", 255),
        ("classes: [{name: 'background: x, #', id: 0, color: [0, 0, 0]}]\nvoid: {id: [9, 8]}", 9),
        ("labels: colors\nclasses: [{name: background, color: [9, 9, 9]}]", None),
    ],
)
def test_one_class_beside_void_is_refused_with_the_file_that_is_right(tmp_path, text, background):
    with pytest.raises(UserError, match=r"found one class .* would not count") as caught:
        read(tmp_path, text)
    wanted = str(caught.value).partition("A binary task has two classes: ")[2]
    labels = read(tmp_path, wanted + ("\nlabels: colors" if background is None else ""))
    name = yaml.safe_load(text)["classes"][0]["name"]
    assert labels.names == ("other" if name == "background" else "background", name)
    if background is not None:
        assert labels.ids[0] == background
        assert labels.id_to_train.keys() >= set(np.ravel(yaml.safe_load(text)["classes"][0]["id"]))


def test_colours_need_no_ids_and_several_may_be_one_class(tmp_path):
    labels = read(
        tmp_path,
        """
        labels: colors
        classes:
          - {name: no, color: [1, 1, 1], category: word}
          - {name: car, color: [[2, 2, 2], [3, 3, 3]], category: thing}
        void: {color: [0, 0, 0]}
        """,
    )
    assert labels.names == ("no", "car")
    assert labels.ids == (0, 1)
    assert labels.palette == ((1, 1, 1), (2, 2, 2))
    assert labels.categories == ("word", "thing")
    expected = {(1, 1, 1): 0, (2, 2, 2): 1, (3, 3, 3): 1, (0, 0, 0): VOID}
    assert labels.color_to_train == expected


def test_a_black_class_is_not_void_unless_the_file_says_so(tmp_path):
    both = "[{name: a, color: [0, 0, 0]}, {name: b, color: [1, 1, 1]}]"
    labels = read(tmp_path, f"{{labels: colors, classes: {both}}}")
    assert labels.color_to_train == {(0, 0, 0): 0, (1, 1, 1): 1}


def classes(*entries):
    return "classes:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


A = "name: a, id: 0, color: [1, 1, 1]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file: found null"),
        ("[1, 2]", "the file: found"),
        ("a: [", ":1:5: not valid YAML"),
        ("classes: []", "classes: found"),
        ("classes: 3", "classes: found 3"),
        (classes(A) + "voids: 3", 'unknown key "voids"; did you mean void'),
        (classes(A) + "labels: rgb", 'labels: found "rgb", allowed are ids and colors'),
        (classes(A) + "classes: 3", "given twice"),
        (classes(A, "id: 1, color: [2, 2, 2]"), r"classes\[1\]: name is null"),
        (classes(A, "name: 3, id: 1, color: [2, 2, 2]"), r"classes\[1\]: name is 3"),
        (classes(A, "name: a, id: 1, color: [2, 2, 2]"), r'classes\[1\]: name "a" is taken by cl'),
        (classes(A, "name: b, id: 0, color: [2, 2, 2]"), r"classes\[1\] \(b\): id 0 is taken by"),
        (classes(A, "name: b, id: 1, color: [1, 1, 1]"), r"color \[1, 1, 1\] is taken by"),
        (classes(A, "name: b, color: [2, 2, 2]"), r"classes\[1\] \(b\): id is null, allowed"),
        (classes(A, "name: b, id: 256, color: [2, 2, 2]"), "id is 256, allowed are 0 to 255"),
        (classes(A, "name: b, id: -1, color: [2, 2, 2]"), "id is -1, allowed are 0 to 255"),
        (classes(A, "name: b, id: true, color: [2, 2, 2]"), "id is true, allowed"),
        (classes(A, "name: b, id: [], color: [2, 2, 2]"), r"id is \[\], allowed"),
        (classes(A, "name: b, id: 1"), "color is null, expected"),
        (classes(A, "name: b, id: 1, color: [2, 2]"), r"color is \[2, 2\], expected"),
        (classes(A, "name: b, id: 1, color: [2, 2, 256]"), "color is"),
        (classes(A, "name: b, id: 1, color: '#020202'"), 'color is "#020202"'),
        (classes(A, "name: b, id: 1, color: [[2, 2, 2]]"), "several colours are for"),
        (classes(A, "name: b, id: 1, colour: [2, 2, 2]"), '"colour"; did you mean color'),
        (classes(A, "name: b, id: 1, color: [2, 2, 2], category: x"), "for some classes only"),
        (classes(A, r'name: "b\e[2J", id: 1, color: [2, 2, 2]'), "without control characters"),
        (classes(A, r'name: "b\nc", id: 1, color: [2, 2, 2]'), "without control characters"),
        (classes(A, "name: b, x: 1"), r'classes\[1\]: unknown key "x"; allowed: name'),
        (classes(A) + "void: 255", "void: found 255"),
        (classes(A) + "void: {id: 0}", "void: id 0 is taken by"),
        (classes(A) + "void: {id: 3, color: [1, 1, 1]}", "void: color .* is taken by"),
        (classes(f"name: a, id: {list(range(256))}, color: [1, 1, 1]"), "all ids are taken"),
        (classes(*[f"name: c{i}, id: {i}, color: [{i}, 0, 0]" for i in range(254)]), "254 classes"),
    ],
)
def test_errors_name_the_file_and_the_entry(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'labels.yaml'}:")
    assert "\n" not in str(caught.value)


def test_253_classes_are_allowed(tmp_path):
    entries = [f"name: c{i}, id: {i}, color: [{i}, 0, 0]" for i in range(253)]
    assert read(tmp_path, classes(*entries)).num_outputs == 254


def test_a_missing_file_a_folder_and_other_bytes(tmp_path):
    with pytest.raises(UserError, match="not found"):
        read_label_file(tmp_path / "labels.yaml", void="ignore")
    with pytest.raises(UserError, match="cannot be read"):
        read_label_file(tmp_path, void="ignore")
    (tmp_path / "labels.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not UTF-8"):
        read_label_file(tmp_path / "labels.yaml", void="ignore")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
ENTRY = st.fixed_dictionaries({}, optional={"name": JSON, "id": JSON, "color": JSON})
FILE = st.fixed_dictionaries({}, optional={"classes": st.lists(ENTRY), "void": JSON | ENTRY})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(FILE | JSON)
def test_whatever_the_file_says_the_error_is_for_the_user(tmp_path, data):
    try:
        labels = read(tmp_path, yaml.safe_dump(data, allow_unicode=True))
    except UserError as error:
        message = str(error)
    else:
        message = ""
        assert labels.num_classes >= 1
    assert "\n" not in message


def test_what_a_message_shows_is_bounded(tmp_path):
    """Each level of aliases repeats the one before it nine times: a billion items in 300 bytes."""
    levels = [f"&{b} [{', '.join(['*' + a] * 9)}]" for a, b in pairwise("abcdefghi")]
    bomb = "classes: [&a [x, x, x, x, x, x, x, x, x], " + ", ".join(levels) + "]"
    path = tmp_path / "labels.yaml"
    for text in (bomb, bomb.replace("classes:", "classes: [{name: a, id:") + "}]", f"x{bomb}"):
        path.write_text(text)
        with pytest.raises(UserError) as raised:
            read_label_file(path, void="background")
        assert len(str(raised.value)) < 500


TWO = "classes: [{name: a, color: [0, 0, 0]}, {name: b, color: [[9, 0, 0], [10, 0, 0]]}]\n"


def test_a_tolerance_of_colours(tmp_path):
    """4 lies below half of 9; two colours of one class may lie as close as they like."""
    labels = read(tmp_path, TWO + "labels: colors\ntolerance: 4")
    assert labels.color_tolerance == 4
    assert LabelSet.from_json(labels.to_json()) == labels
    assert read(tmp_path, TWO + "labels: colors").color_tolerance == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("labels: colors\ntolerance: 5", r"found 5, allowed are 0 to 4, since .* are 9\.0 apart"),
        ("labels: colors\ntolerance: 4.5", r"tolerance: found 4\.5, allowed are 0 to 255"),
    ],
)
def test_a_tolerance_that_is_wrong(tmp_path, text, message):
    with pytest.raises(UserError, match=message):
        read(tmp_path, TWO + text)
    with pytest.raises(UserError, match="tolerance: is for `labels: colors` only"):
        read(tmp_path, GOOD + "tolerance: 3")
