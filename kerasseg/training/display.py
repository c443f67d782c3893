"""What the terminal shows while a run goes on: one line an epoch, and two that move below."""

from collections.abc import Iterator
from typing import TextIO

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from kerasseg.data.curriculum import Plan
from kerasseg.metrics.undefined import format_score
from kerasseg.terminal import console

_HEAD = "  epoch   stage  crop      loss  x-entropy   variance    mIoU   img/s   wait"


class _Bar(Progress):
    """A progress bar with a line of text above it."""

    status = ""

    def get_renderables(self) -> Iterator[RenderableType]:
        yield Text(self.status, no_wrap=True, overflow="ellipsis")
        yield from super().get_renderables()


class Display:
    """Context manager. `step` moves the bar, `epoch` prints a line, `validating` says so.

    done: steps done before. best_miou: of the run so far, or None. file: where to, by default
    the terminal; without one only the lines of the epochs are printed.
    """

    def __init__(
        self, plan: Plan, *, done: int, best_miou: float | None = None, file: TextIO | None = None
    ):
        self._plan = plan
        self._best = best_miou
        self._stages = plan.epochs[-1].stage + 1
        self._console = console(file)
        self._bar = _Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} % · {task.fields[pace]} ·"),
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
        self._console.print(_HEAD)
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
            f" · x-entropy {means['cross_entropy']:.3f} · variance {means['variance']:.4f}"
            f" · best mIoU {format_score(self._best)}"
        )
        self._bar.update(
            self._task,
            completed=step,
            description=f"epoch {epoch + 1}/{len(self._plan.epochs)}",
            pace=f"{rate:.1f} img/s · wait {wait:.1%}",
        )

    def validating(self, *, done: int, images: int) -> None:
        """done: images scored, of `images`."""
        self._bar.status = f"validating, image {done} of {images}"

    def epoch(self, row: dict[str, str], *, best: bool) -> None:
        """row: a row of the history. best: whether its weights are the best so far."""
        score = format_score(float(row["val_miou"]) if row["val_miou"] else None)
        if best:
            self._best = float(row["val_miou"])
        self._console.print(
            f"{int(row['epoch']):>5}/{len(self._plan.epochs):<5}"
            f"{int(row['stage']):>3}  {float(row['crop_scale']):>5.3g} "
            f"{float(row['loss']):>10.4f}  {float(row['cross_entropy']):>9.4f}  "
            f"{float(row['variance']):>9.5f}  {score:>6}{'*' if best else ' '} "
            f"{float(row['images_per_second']):>6.1f} {float(row['input_wait']):>6.1%}"
        )
