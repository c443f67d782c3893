import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.data.leakage import group_of
from kerasseg.importing.partition import draw_val, split_of


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("instances_train2017", "train"),
        ("panoptic_val", "val"),
        ("valid", "val"),
        ("training", "train"),
        ("Testing", "test"),
        ("_annotations.coco", None),
        ("trainyard", None),
        ("2018-08-07", None),
    ],
)
def test_a_split_is_a_word_of_the_name(name, split):
    assert split_of(name) == split


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("0001TP_006690", "./0001TP"),
        ("berlin_000000_000019", "./berlin_000000"),
        ("drive 1/frame-12", "drive 1/frame"),
        ("a/dog_0003_jpg.rf.5b9c0d", "a/dog"),
        ("a/cat_jpg.rf.5b9c0d", "a/cat"),
        ("000123", "./"),
        ("holiday", "./holiday"),
    ],
)
def test_frames_of_one_video_are_one_group(name, group):
    assert group_of(name) == group


def test_whole_groups_validate_where_there_are_enough_of_them():
    names = [f"drive{d}_{i:04}" for d in "abcdefghij" for i in range(7)]
    val = draw_val(names, 0.2)
    assert len(val) == 14
    groups = [{group_of(names[i]) for i in part} for part in (val, set(range(70)) - val)]
    assert groups[0].isdisjoint(groups[1])


def test_one_long_video_gives_its_end_in_the_order_of_its_numbers():
    names = [f"frame_{i}" for i in range(100)]  # as text, frame_99 comes after frame_100
    assert draw_val(names[::-1], 0.1) == set(range(10))


@given(
    names=st.lists(
        st.builds(
            "{}{}".format, st.sampled_from(["", "a", "b_", "ab-", "b_1_"]), st.integers(0, 99)
        ),
        min_size=2,
        max_size=30,
        unique=True,
    ),
    share=st.floats(0.01, 0.9),
)
def test_the_share_is_met_and_the_order_of_the_names_means_nothing(names, share):
    val = draw_val(names, share)
    wanted = min(max(round(share * len(names)), 1), len(names) - 1)
    assert wanted / 2 <= len(val) <= wanted
    ordered = sorted(names)
    assert {ordered[i] for i in draw_val(ordered, share)} == {names[i] for i in val}
