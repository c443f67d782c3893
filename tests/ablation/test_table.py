"""Means, spreads and gains, against scipy and by hand."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kerasseg.ablation.figure import draw
from kerasseg.ablation.table import (
    columns,
    differences,
    is_clear,
    mean_and_spread,
    rows,
    to_csv,
    to_json,
    to_markdown,
)
from kerasseg.metrics.scorer import Score

finite = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


def scores(miou, *more):
    return [
        Score("mIoU", miou),
        Score("mIoU of nothing", None),
        Score("boundary F 2 px", 0.25),
        Score("ECE", 0.1, "lower"),
        Score("error AUROC, uncertainty", 0.6),
        Score("seconds per step", 0.25, "lower", form=".3f"),
        *more,
    ]


CELLS = [
    ("plain", 0, scores(0.40)),
    ("full", 0, scores(0.45)),
    ("plain", 1, scores(0.44)),
    ("full", 1, scores(0.50)),
    ("plain", 2, scores(0.42)),
    ("full", 2, scores(0.48)),
]


@given(values=st.lists(finite, min_size=2, max_size=6))
def test_mean_and_spread_are_those_of_numpy(values):
    mean, spread = mean_and_spread(values)
    assert mean == pytest.approx(sum(values) / len(values), abs=1e-9)
    assert spread == pytest.approx(np.std(values, ddof=1), abs=1e-9)


@given(gains=st.lists(finite, min_size=2, max_size=6).filter(lambda v: len(set(v)) > 1))
def test_a_gain_is_clear_where_a_t_test_says_so(gains):
    p = stats.ttest_1samp(gains, 0.0).pvalue
    if abs(p - 0.05) > 1e-6:
        assert is_clear(gains) == (p < 0.05)


def test_a_row_holds_a_value_a_seed_and_no_column_that_is_not_known():
    plain, full = rows(CELLS)
    assert (plain.variant, plain.seeds, full.seeds) == ("plain", (0, 1, 2), (0, 1, 2))
    assert full.values["mIoU"] == (0.45, 0.50, 0.48)
    assert full.values["seconds per step"] == (0.25, 0.25, 0.25)
    assert "mIoU of nothing" not in full.values


def test_a_score_of_some_rows_has_a_column_after_theirs():
    more = Score("anomaly FPR95, uncertainty", 0.7, "lower")
    table = rows([("plain", 0, scores(0.4)), ("full", 0, scores(0.5, more))])
    assert list(columns(table)) == [
        "mIoU",
        "boundary F 2 px",
        "ECE",
        "error AUROC, uncertainty",
        "seconds per step",
        "anomaly FPR95, uncertainty",
    ]
    assert "| anomaly FPR95, uncertainty ↓ | - | 0.7000 |" in to_markdown(table)


def test_a_score_that_a_seed_lacks_is_left_out_of_its_row():
    more = Score("anomaly AP, uncertainty", 0.3)
    (row,) = rows([("plain", 0, scores(0.4)), ("plain", 1, scores(0.5, more))])
    assert "anomaly AP, uncertainty" not in row.values


def test_gains_are_taken_seed_by_seed():
    plain, full = rows(CELLS[:-1])  # the last seed of full is still to come
    assert differences(full, plain, "mIoU") == pytest.approx((0.05, 0.06))


def test_markdown_shows_mean_spread_and_what_is_clear():
    text = to_markdown(rows(CELLS))
    assert "| mIoU ↑ | 0.4200 ± 0.0200 | 0.4767 ± 0.0252 |" in text
    assert "| mIoU ↑ | **+0.0567 ± 0.0058** |" in text
    assert "| ECE ↓ | +0.0000 ± 0.0000 |" in text
    assert "| seconds per step ↓ | 0.250 ± 0.000 | 0.250 ± 0.000 |" in text
    widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
    assert widths == {4, 3}  # two variants, then the one that gains


def test_one_seed_has_no_spread():
    text = to_markdown(rows(CELLS[:2]))
    assert "| mIoU ↑ | 0.4000 | 0.4500 |" in text
    assert "| mIoU ↑ | +0.0500 |" in text
    assert to_json(rows(CELLS[:2]))[0]["columns"]["mIoU"] == {
        "values": [0.40],
        "mean": 0.40,
        "spread": None,
    }


def test_csv_and_json_hold_every_value():
    table = rows(CELLS)
    lines = list(csv.DictReader(io.StringIO(to_csv(table))))
    assert [(line["variant"], line["seed"], line["mIoU"]) for line in lines][:3] == [
        ("plain", "0", "0.4"),
        ("plain", "1", "0.44"),
        ("plain", "2", "0.42"),
    ]
    again = json.loads(json.dumps(to_json(table)))
    assert again[1]["columns"]["mIoU"]["values"] == [0.45, 0.50, 0.48]


def test_the_picture_has_a_panel_a_score_and_a_dot_a_seed():
    figure = draw(rows(CELLS), title="two rows")
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title().split(" (")[0] for axis in shown] == [
        "mIoU",
        "boundary F 2 px",
        "ECE",
        "error AUROC, uncertainty",
    ]
    dots = [line for line in shown[0].lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in dots] == [[0.40, 0.44, 0.42], [0.45, 0.50, 0.48]]
    assert [label.get_text() for label in shown[0].get_yticklabels()] == ["plain", "full"]
