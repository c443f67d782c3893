"""Train a network, or resume a run that was stopped."""

import json

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.errors import interrupted_by_sigterm
from kerasseg.runs.directory import RunDirectory
from kerasseg.terminal import console


def train_and_report(config: Config, catalog: Catalog, *, fresh: bool) -> None:
    """Trains to the end; then the chief writes the page of the run and prints its scores."""
    from kerasseg.report.run_report import write_report
    from kerasseg.training.loop import train

    if not train(config, catalog, fresh=fresh):
        return
    run = RunDirectory(config.run_path)
    with interrupted_by_sigterm():
        if not run.report.exists():  # of this training, or of one killed just before it
            write_report(run.path, catalog=catalog)
        print_result(run)


def print_result(run: RunDirectory) -> None:
    """The table of `metrics.json`: one row per class, then the means."""
    from rich.table import Table

    metrics = json.loads(run.metrics.read_text(encoding="utf-8"))
    table = Table(title=f"{metrics['split']}: {metrics['images']} images at native size")
    table.add_column("class")
    table.add_column("IoU", justify="right")
    table.add_column("share of pixels", justify="right")
    total = sum(entry["pixels"] for entry in metrics["classes"].values())

    def number(value) -> str:
        return "-" if value is None else f"{value:.4f}"

    for name, entry in metrics["classes"].items():
        share = f"{entry['pixels'] / total:.2%}" if total else "-"
        table.add_row(name, number(entry["iou"]), share)
    table.add_section()
    table.add_row("mean IoU", number(metrics["miou"]), style="bold")
    table.add_row("pixel accuracy", number(metrics["pixel_accuracy"]))
    table.add_row("image accuracy", number(metrics["image_accuracy"]))
    shown = console()
    shown.print(table)
    shown.print(f"best weights {run.best}\npanels       {run.panels}\nscores       {run.metrics}")
    if run.report.is_file():
        shown.print(f"report       {run.report}")
