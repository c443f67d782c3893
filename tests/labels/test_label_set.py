import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.errors import UserError
from kerasseg.labels import UNKNOWN, VOID, LabelSet, camvid_labels, cityscapes_labels
from kerasseg.labels.builtin import CITYSCAPES

BYTE = st.integers(0, 255)


@st.composite
def label_sets(draw):
    """Any label set: 1 to 40 classes, each with one or more ids, and one or more void ids."""
    count = draw(st.integers(1, 40))
    free = draw(st.permutations(range(256)))
    id_to_train, ids = {}, []
    for train_id in range(count):
        own, free = free[:2], free[2:]
        own = own[: draw(st.integers(1, 2))]
        ids.append(own[0])
        id_to_train |= dict.fromkeys(own, train_id)
    colors = draw(
        st.lists(st.tuples(BYTE, BYTE, BYTE), min_size=count + 1, max_size=count + 1, unique=True)
    )
    return LabelSet(
        dataset="any",
        names=tuple(f"class {i}" for i in range(count)),
        palette=tuple(colors[:count]),
        ids=tuple(ids),
        void_ids=tuple(free[: draw(st.integers(1, 3))]),
        void_name="void",
        void_color=colors[count],
        void=draw(st.sampled_from(["background", "ignore", "pasted"])),
        id_to_train=id_to_train,
        categories=draw(st.sampled_from([(), tuple("ab"[i % 2] for i in range(count))])),
        drawn_as="colors",
        color_to_train={color: i for i, color in enumerate(colors[:count])},
    )


def test_cityscapes_is_the_table_of_the_official_scripts():
    official = pytest.importorskip(
        "cityscapesscripts.helpers.labels", reason="cityscapesscripts is not installed"
    ).labels
    drawn = sorted((label for label in official if label.id >= 0), key=lambda label: label.id)
    assert [
        (label.name, label.id, label.category, not label.ignoreInEval, label.color)
        for label in drawn
    ] == list(CITYSCAPES)

    labels = cityscapes_labels(void="ignore")
    evaluated = sorted((x for x in drawn if not x.ignoreInEval), key=lambda x: x.trainId)
    assert [label.trainId for label in evaluated] == list(range(19))
    assert labels.names == tuple(label.name for label in evaluated)
    assert labels.palette == tuple(label.color for label in evaluated)
    assert labels.categories == tuple(label.category for label in evaluated)
    expected = np.full(256, UNKNOWN)
    for label in drawn:
        expected[label.id] = label.trainId
    np.testing.assert_array_equal(labels.table, expected)


def test_cityscapes_void_is_written_as_id_0():
    labels = cityscapes_labels(void="background")
    assert labels.num_classes == 19
    assert len(labels.void_ids) == 15
    train_ids = np.array([[0, 18, 19, VOID]], np.uint8)
    np.testing.assert_array_equal(labels.to_ids(train_ids), [[7, 33, 0, 0]])
    colors = [[(128, 64, 128), (119, 11, 32), (0, 0, 0), (0, 0, 0)]]
    np.testing.assert_array_equal(labels.colorize(train_ids), colors)


def test_camvid_has_eleven_classes_and_void_last():
    labels = camvid_labels(void="background")
    expected = "Sky Building Pole Road Pavement Tree SignSymbol Fence Car Pedestrian Bicyclist"
    assert " ".join(labels.names) == expected
    np.testing.assert_array_equal(labels.table[:12], [*range(11), VOID])
    assert (labels.table[12:] == UNKNOWN).all()


@pytest.mark.parametrize(
    ("void", "outputs", "background", "apart"),
    [("background", 20, 19, False), ("ignore", 19, None, False), ("pasted", 20, 19, True)],
)
def test_void_is_one_more_output_or_none(void, outputs, background, apart):
    labels = cityscapes_labels(void=void, dataset="streets")
    assert labels.dataset == "streets"
    assert labels.num_outputs == outputs
    assert labels.background_id == background
    assert labels.background_apart == apart


@given(label_sets())
def test_ids_and_train_ids_are_inverse(labels):
    train_ids = np.array([*range(labels.num_classes), VOID], np.uint8)
    np.testing.assert_array_equal(labels.table[labels.to_ids(train_ids)], train_ids)
    for label_id in range(256):
        expected = labels.id_to_train.get(label_id, UNKNOWN)
        expected = VOID if label_id in labels.void_ids else expected
        assert labels.table[label_id] == expected


@given(label_sets(), st.integers(0, 2**32 - 1))
def test_colors_tell_the_classes_apart(labels, seed):
    classes = [*range(labels.num_outputs), VOID]
    train_ids = np.random.default_rng(seed).choice(classes, (5, 7)).astype(np.uint8)
    colors = labels.colorize(train_ids)
    assert colors.shape == (5, 7, 3)
    assert colors.dtype == np.uint8
    back = {color: i for i, color in enumerate(labels.palette)} | {labels.void_color: VOID}
    read = [[back[tuple(c)] for c in row] for row in colors.tolist()]
    expected = np.where(train_ids < labels.num_classes, train_ids, VOID)
    np.testing.assert_array_equal(read, expected)


@given(label_sets())
def test_json_keeps_everything(labels):
    assert LabelSet.from_json(json.loads(json.dumps(labels.to_json()))) == labels


def test_json_errors_are_for_the_user():
    data = camvid_labels(void="ignore").to_json()
    with pytest.raises(UserError, match="'names' is missing"):
        LabelSet.from_json({k: v for k, v in data.items() if k != "names"})
    with pytest.raises(UserError, match="10 names, 11 colours"):
        LabelSet.from_json(data | {"names": data["names"][1:]})
    with pytest.raises(UserError, match="void is 'other'"):
        LabelSet.from_json(data | {"void": "other"})
    with pytest.raises(UserError, match="both a class and void"):
        LabelSet.from_json(data | {"void_ids": [3]})
    with pytest.raises(UserError, match="outside 0 to 255"):
        LabelSet.from_json(data | {"void_ids": [256]})
    with pytest.raises(UserError, match="not a label set"):
        LabelSet.from_json(data | {"palette": 3})
    with pytest.raises(UserError, match="not a label set"):
        LabelSet.from_json(data | {"color_to_train": {"red": 1}})


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\nb", "", " ", 7, None])
@pytest.mark.parametrize("key", ["dataset", "void_name", "names", "categories"])
def test_a_name_that_would_steer_a_terminal_is_refused(key, name):
    data = cityscapes_labels(void="ignore").to_json()
    value = name if isinstance(data[key], str) else [name, *data[key][1:]]
    with pytest.raises(UserError, match="expected text without control characters") as caught:
        LabelSet.from_json(data | {key: value})
    assert str(caught.value).isprintable()


def test_tables_are_shared_and_cannot_be_changed():
    labels = camvid_labels(void="ignore")
    assert labels.table is labels.table
    with pytest.raises(ValueError, match="read-only"):
        labels.table[0] = 1
