"""What commands show beside plain lines: tables on stdout, progress bars on stderr.

rich is imported when something is shown, so that `--help` does not wait for it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console


def console(file: TextIO | None = None) -> Console:
    """A console on `file`, by default stdout, that prints text as it stands.

    Names and paths come from outside: square brackets and colons in them mean nothing, and a
    long one is not broken into lines.
    """
    from rich.console import Console

    return Console(file=file, highlight=False, markup=False, emoji=False, soft_wrap=True)


def print_remarks(remarks: Iterable[str]) -> None:
    """Prints what a person should know before going on, a line each, on stdout."""
    shown = console()
    for remark in remarks:
        shown.print(f"note: {remark}")


@contextmanager
def progress_bar(
    what: str,
    *,
    total: int | None = None,
    otherwise: str | None = None,
    unit: str | None = None,
) -> Iterator[Callable[..., None]]:
    """A bar on stderr, gone at the end; yields `report(done, total=None)`, which moves it.

    total: how many there are to do, if it is known before the first report. otherwise: the line
    that stands for the bar where stderr is no terminal; None: nothing does. unit: what is counted,
    in the plural, to show how many a second; None: that is not shown.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    screen = console(sys.stderr)
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()]
    if unit is not None:
        columns.append(TextColumn("{task.fields[speed]}", markup=False))
    hidden = not screen.is_terminal
    if hidden and otherwise is not None:
        screen.print(otherwise)
    with Progress(
        *columns, TimeRemainingColumn(), console=screen, transient=True, disable=hidden
    ) as bar:
        task = bar.add_task(what, total=total, speed="")

        def report(done: int, total: int | None = None) -> None:
            speed = bar.tasks[0].speed
            shown = "" if speed is None else f"{speed:.1f} {unit}/s"
            bar.update(task, completed=done, total=total, speed=shown)

        yield report
