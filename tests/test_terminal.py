"""Text from outside is shown as it stands, and a bar only where somebody sees it."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from kerasseg.terminal import console, progress_bar

printable = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1)


@given(text=printable)
def test_text_from_outside_is_printed_as_it_stands(text):
    file = io.StringIO()
    console(file).print(text)
    assert file.getvalue() == text + "\n"


def test_nothing_in_a_name_is_markup_in_a_table_either(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    name = "[red]a/b.png[/] :car: 0.5"
    table = Table(title=name)
    table.add_column(name)
    table.add_row(name)
    file = io.StringIO()
    console(file).print(table)
    text = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())
    assert text.count(name) == 3


def test_a_long_path_is_not_broken_into_lines(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    file = io.StringIO()
    console(file).print("folder with spaces/" * 20)
    assert file.getvalue().count("\n") == 1


def test_a_terminal_gets_a_bar_that_is_gone_at_the_end(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes this for a terminal
    with progress_bar("drawing", otherwise="drawing, without a terminal") as report:
        report(3, 7)
        report(5)
    out, err = capsys.readouterr()
    assert out == ""
    assert "drawing" in err
    assert "5/7" in err
    assert "without a terminal" not in err
    assert err.endswith("\x1b[2K")  # the line is erased


@pytest.mark.parametrize("line", ["verifying [b]3[/b] pairs", None])
def test_without_a_terminal_a_line_stands_for_the_bar(capsys, line):
    with progress_bar("verifying", total=3, otherwise=line) as report:
        report(3)
    assert capsys.readouterr() == ("", f"{line}\n" if line else "")
