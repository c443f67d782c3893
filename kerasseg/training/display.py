"""What the terminal shows during a training: one line per epoch, and two live lines below."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from kerasseg.data.curriculum import Plan
from kerasseg.metrics.undefined import format_score
from kerasseg.terminal import console

_WIDTH = 80  # columns of a line; terms of the objective that do not fit are in the history alone
_TERM = 9  # columns of a term, at least


class _Bar(Progress):
    """A progress bar with a line of text above it."""

    status = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield Text(self.status, no_wrap=True, overflow="ellipsis")
        yield from super().get_renderables()


class Display:
    """Context manager. `step` moves the bar, `epoch` prints a line, `validating` says so.

    terms: names of the objective's terms. done: steps done before. best_miou: of the run so far,
    or None. file: where to, by default the terminal; without one only the lines of the epochs are
    printed.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        terms: Sequence[str],
        done: int,
        best_miou: float | None = None,
        file: TextIO | None = None,
    ):
        self._plan = plan
        self._terms = _fitting(terms)
        self._best = best_miou
        self._stages = plan.epochs[-1].stage + 1
        self._console = console(file)
        self._bar = _Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} % · {task.fields[pace]} ·", markup=False),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=self._console,
            disable=not self._console.is_terminal,
            expand=True,
        )
        self._task = self._bar.add_task(
            "starting", total=plan.total_steps, completed=done, pace="first step compiles"
        )

    def __enter__(self) -> "Display":
        self._console.print(_head(self._terms))
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(
        self, *, step: int, epoch: int, means: dict[str, float], rate: float, wait: float
    ) -> None:
        """step: steps done. means: of the loss terms. rate: images a second. wait: 0…1."""
        entry = self._plan.epochs[epoch]
        self._bar.status = (
            f"stage {entry.stage + 1}/{self._stages}, crop {entry.crop_scale:g}"
            f"{''.join(f' · {name} {means[name]:.4g}' for name in self._terms)}"
            f" · best mIoU {format_score(self._best)}"
        )
        self._bar.update(
            self._task,
            completed=step,
            description=f"epoch {epoch + 1}/{len(self._plan.epochs)}",
            pace=f"{rate:.1f} img/s · wait {wait:.1%}",
        )

    def say(self, line: str) -> None:
        """Prints a line, above what moves."""
        self._console.print(line)

    def validating(self, *, done: int, images: int) -> None:
        """done: images scored, of `images`."""
        self._bar.status = f"validating, image {done} of {images}"

    def epoch(self, row: dict[str, str], *, best: bool) -> None:
        """row: a row of the history. best: whether its weights are the best so far."""
        score = format_score(float(row["val_miou"]) if row["val_miou"] else None)
        if best:
            self._best = float(row["val_miou"])
        terms = "".join(f"  {float(row[name]):>{max(_TERM, len(name))}.5f}" for name in self._terms)
        self._console.print(
            f"{int(row['epoch']):>5}/{len(self._plan.epochs):<5}"
            f"{int(row['stage']):>3}  {float(row['crop_scale']):>5.3g} "
            f"{float(row['loss']):>9.4f}{terms}  {score:>6}{'*' if best else ' '} "
            f"{float(row['images_per_second']):>6.1f} {float(row['input_wait']):>6.1%}"
        )


def _head(terms: Sequence[str]) -> str:
    shown = "".join(f"  {name:>{max(_TERM, len(name))}}" for name in terms)
    return f"  epoch   stage  crop     loss{shown}    mIoU   img/s   wait"


def _fitting(terms: Sequence[str]) -> tuple[str, ...]:
    """As many of the terms as a line has room for, from the first on."""
    count = len(terms)
    while len(_head(terms[:count])) > _WIDTH:
        count -= 1
    return tuple(terms[:count])
