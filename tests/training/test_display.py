"""The terminal at 80 columns, and a log file without a terminal."""

import io
import re

import pytest
from rich.console import Console

from kerasseg.data.curriculum import plan_epochs
from kerasseg.training import display as module
from kerasseg.training.display import Display

PLAN = plan_epochs([(0.625, 8), (1.0, 16)], images=2975, batch_size=2)
ROW = {
    "epoch": "24",
    "stage": "2",
    "crop_scale": "0.625",
    "loss": "12.3456",
    "cross_entropy": "11.3456",
    "variance": "0.12345",
    "val_miou": "0.7654",
    "images_per_second": "123.4",
    "input_wait": "0.123",
}
TERMS = ("cross_entropy", "variance")
MEANS = {"loss": 12.3456, "cross_entropy": 11.3456, "variance": 0.12345}


def show(monkeypatch, *, terminal: bool) -> str:
    file = io.StringIO()
    monkeypatch.setattr(
        module,
        "console",
        lambda file: Console(file=file, force_terminal=terminal, width=80, color_system=None),
    )
    with Display(PLAN, terms=TERMS, done=0, best_miou=0.7123, file=file) as display:
        display.step(step=30000, epoch=20, means=MEANS, rate=123.4, wait=0.123)
        display.epoch(ROW, best=True)
        display.step(step=31000, epoch=20, means=MEANS, rate=123.4, wait=0.123)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())


@pytest.mark.parametrize("terminal", [True, False])
def test_every_line_fits_into_80_columns(monkeypatch, terminal):
    lines = re.split(r"[\r\n]+", show(monkeypatch, terminal=terminal))
    assert max(map(len, lines)) <= 80


def test_the_moving_lines_say_where_the_run_is(monkeypatch):
    text = show(monkeypatch, terminal=True)
    for part in (
        "stage 2/2, crop 1",
        "cross_entropy 11.35",
        "variance 0.1235",
        "best mIoU 0.7654",
        "epoch 21/24",
        "123.4 img/s",
        "wait 12.3%",
        "left",
    ):
        assert part in text


def test_a_log_file_gets_a_head_and_a_line_an_epoch(monkeypatch):
    lines = show(monkeypatch, terminal=False).splitlines()
    assert len(lines) == 2
    assert lines[0].split()[:5] == ["epoch", "stage", "crop", "loss", "cross_entropy"]
    assert lines[0].split()[5:] == ["variance", "mIoU", "img/s", "wait"]
    assert lines[1].split()[0] == "24/24"
    assert "0.7654*" in lines[1]


def test_an_epoch_without_validation_has_no_score(monkeypatch):
    file = io.StringIO()
    with Display(PLAN, terms=TERMS, done=0, file=file) as display:
        display.epoch({**ROW, "val_miou": ""}, best=False)
    assert "*" not in file.getvalue()
    assert " - " in file.getvalue()


def test_terms_that_a_line_has_no_room_for_are_left_out():
    file = io.StringIO()
    terms = (*TERMS, "lovasz", "dice")
    with Display(PLAN, terms=terms, done=0, file=file) as display:
        display.epoch({**ROW, "lovasz": "0.5", "dice": "0.25"}, best=False)
    head, row = file.getvalue().splitlines()
    assert "cross_entropy   variance" in head
    assert "lovasz" not in head
    assert max(len(head), len(row)) <= 80
