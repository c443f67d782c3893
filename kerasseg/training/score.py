"""The end of a run: its best weights scored at native size, panels, and a table."""

import json
import os
import shutil
from collections.abc import Callable

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from kerasseg.config import Config
from kerasseg.data.catalog import Catalog
from kerasseg.data.decode import Decoder
from kerasseg.data.pipeline import validation_dataset
from kerasseg.data.verified import cache_folder
from kerasseg.metrics.confusion import scores
from kerasseg.model.serving import ServingGraph
from kerasseg.report.panels import panel
from kerasseg.training.initial_weights import load_net
from kerasseg.training.run_directory import RunDirectory
from kerasseg.training.session import build_graph
from kerasseg.training.validate import validate


def score_best(
    config: Config, catalog: Catalog, run: RunDirectory, *, check_stop: Callable[[], None]
) -> None:
    """Writes `panels/` and `metrics.json` of `best.keras` on the validation split."""
    graph = build_graph(config, catalog, load_net(run.best))
    decoder = Decoder(
        catalog, "val", cache=config.data.cache, cache_dir=cache_folder(config.data.cache_dir)
    )
    dataset = validation_dataset(
        catalog,
        decoder,
        split="val",
        batch_size=config.train.batch_size,
        workers=config.data.workers,
    )
    matrix = validate(
        graph,
        dataset,
        classes=catalog.label_set.num_classes,
        each_batch=lambda done: check_stop(),
    )
    _write_panels(config, catalog, graph, run, decoder)
    run.write_metrics(scores(matrix, names=catalog.label_set.names, split="val"))


def _write_panels(
    config: Config, catalog: Catalog, graph: ServingGraph, run: RunDirectory, decoder: Decoder
) -> None:
    """Panels of some validation images, evenly spread; the folder appears as a whole."""
    samples = catalog.splits["val"]
    chosen = np.unique(
        np.linspace(0, len(samples) - 1, min(config.train.panels, len(samples))).astype(int)
    )
    temporary = run.path / "panels.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    for index in chosen:
        image, label = decoder(np.int32(index))
        answer = graph.predict(image[None])
        picture = panel(
            image.numpy(),
            answer["labels"][0].numpy(),
            label.numpy(),
            answer["uncertainty"][0].numpy(),
            label_set=catalog.label_set,
        )
        Image.fromarray(picture).save(temporary / f"{samples[index].name}.png")
    shutil.rmtree(run.panels, ignore_errors=True)
    os.replace(temporary, run.panels)


def print_result(run: RunDirectory) -> None:
    """The table of `metrics.json`: a line a class, then the means."""
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
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    console.print(f"best weights {run.best}\npanels       {run.panels}\nscores       {run.metrics}")
