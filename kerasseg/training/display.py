"""What the terminal shows while a run goes on: one line an epoch, and a bar below."""

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from kerasseg.data.curriculum import Plan

_HEAD = " epoch  stage  crop      loss   x-entropy   variance    mIoU   img/s   wait"


class Display:
    """Context manager. `step` moves the bar, `epoch` prints a line, `validating` says so.

    Without a terminal only the lines of the epochs are printed.
    """

    def __init__(self, plan: Plan, *, done: int):
        self._plan = plan
        self._console = Console(highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=self._console,
            disable=not sys.stdout.isatty(),
            expand=True,
        )
        self._task = self._bar.add_task("starting", total=plan.total_steps, completed=done)
        self._stages = plan.epochs[-1].stage + 1

    def __enter__(self):
        self._console.print(_HEAD)
        self._bar.start()
        return self

    def __exit__(self, *_):
        self._bar.stop()

    def step(self, *, step: int, epoch: int, loss: float, rate: float, wait: float) -> None:
        """step: steps done. loss: running mean. rate: images a second. wait: share of the time."""
        entry = self._plan.epochs[epoch]
        self._bar.update(
            self._task,
            completed=step,
            description=(
                f"epoch {epoch + 1}/{len(self._plan.epochs)} · stage {entry.stage + 1}/"
                f"{self._stages} · crop {entry.crop_scale:g} · loss {loss:.3f} · "
                f"{rate:.1f} img/s · wait {wait:.0%}"
            ),
        )

    def validating(self, *, done: int, images: int) -> None:
        self._bar.update(self._task, description=f"validating {done}/{images}")

    def epoch(self, row: dict[str, str], *, best: bool) -> None:
        """row: a row of the history. best: whether its weights are the best so far."""
        score = f"{float(row['val_miou']):.4f}" if row["val_miou"] else "-"
        self._console.print(
            f"{int(row['epoch']):>4}/{len(self._plan.epochs):<4}"
            f"{int(row['stage']):>3}  {float(row['crop_scale']):>5.3g} "
            f"{float(row['loss']):>10.4f}  {float(row['cross_entropy']):>9.4f}  "
            f"{float(row['variance']):>9.5f}  {score:>6}{'*' if best else ' '} "
            f"{float(row['images_per_second']):>6.1f} {float(row['input_wait']):>6.1%}"
        )
