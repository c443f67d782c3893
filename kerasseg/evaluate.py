"""python -m kerasseg evaluate: scores of a model, or of label PNGs, on a split."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from kerasseg.cli import CommandParser, load_tensorflow, whole_number
from kerasseg.config import load_config
from kerasseg.errors import UserError


def evaluate(argv: Sequence[str], *, prog: str) -> None:
    """Runs the command. Raises UserError for what the user can mend."""
    parser = CommandParser(
        prog=f"{prog} evaluate",
        arguments="MODEL --config FILE [--split val]\n"
        "                                   [--json FILE] [--boundaries] [--threads N]\n"
        "                                   [key=value ...] [--help]",
        description="Scores a model on a split, at native size. Of the settings only data.* "
        "counts.",
    )
    parser.add_argument(
        "model",
        type=Path,
        metavar="MODEL",
        help="a run directory, an export, a SavedModel, an .onnx file, or a folder of label PNGs",
    )
    parser.add_settings(default_config=None)
    parser.add_argument("--split", metavar="NAME", default="val", help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores there as well")
    parser.add_argument(
        "--boundaries", action="store_true", help="also the scores at edges (seconds an image)"
    )
    parser.add_argument(
        "--threads", type=whole_number(1), metavar="N", help="default: as many as cores"
    )
    args = parser.parse(argv)
    config = load_config(args.config, args.settings)
    if not args.model.exists():
        raise UserError(f"{args.model}: no such file or directory")
    from kerasseg.data.catalog import open_catalog
    from kerasseg.evaluation import PngAnswers, answers_of, evaluate_split
    from kerasseg.inference.opening import find_model, open_predictor

    catalog = open_catalog(config, splits=(args.split,))
    if _holds_label_pngs(args.model):
        answers = PngAnswers(args.model, catalog, args.split)
    else:
        if find_model(args.model)[0] != "onnx":
            load_tensorflow()
        predictor = open_predictor(args.model, threads=args.threads)
        answers = answers_of(predictor, catalog.label_set)
    found = _with_progress(
        len(catalog.splits[args.split]),
        lambda each: evaluate_split(
            answers, catalog, split=args.split, each_image=each, boundaries=args.boundaries
        ),
    )
    if args.json:
        temporary = args.json.with_name(f".{args.json.name}.tmp")
        try:
            temporary.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
            os.replace(temporary, args.json)
        except OSError as error:
            raise UserError(f"--json {args.json}: cannot be written ({error.strerror})") from error
    _print(found)


def _holds_label_pngs(path: Path) -> bool:
    marks = ("config.yaml", "saved_model.pb", "latest", "model.onnx")
    return (
        path.is_dir()
        and not any((path / mark).exists() for mark in marks)
        and any(path.rglob("*.png"))
    )


def _with_progress(total: int, work):
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("evaluating", total=total)
        return work(lambda done: bar.update(task, completed=done))


def _print(found: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.4f}"

    instances = found.get("iiou")
    table = Table(title=f"{found['split']}: {found['images']} images at native size")
    table.add_column("class")
    table.add_column("IoU", justify="right")
    if instances is not None:
        table.add_column("iIoU", justify="right")
    for name, entry in found["classes"].items():
        extra = () if instances is None else (number(instances.get(name)),)
        table.add_row(name, number(entry["iou"]), *extra)
    table.add_section()
    extra = () if instances is None else (number(found["miiou"]),)
    table.add_row("mean", number(found["miou"]), *extra, style="bold")
    for name, value in found.get("categories", {}).items():
        extra = () if instances is None else (number(found["categories_iiou"].get(name)),)
        table.add_row(f"{name} (category)", number(value), *extra)
    if "miou_categories" in found:
        extra = () if instances is None else (number(found["miiou_categories"]),)
        value = number(found["miou_categories"])
        table.add_row("mean of categories", value, *extra, style="bold")
    table.add_section()
    if found["miou_forced"] is not None:
        table.add_row("mean, background not allowed", number(found["miou_forced"]))
    table.add_row("pixel accuracy", number(found["pixel_accuracy"]))
    table.add_row("image accuracy", number(found["image_accuracy"]))
    if "boundary_iou" in found:
        table.add_row("boundary IoU", number(found["boundary_iou"]))
    for tolerance, value in found.get("boundary_f", {}).items():
        table.add_row(f"boundary F, {tolerance} px", number(value))
    for distance, value in found.get("trimap_miou", {}).items():
        table.add_row(f"mean IoU within {distance} px of an edge", number(value))
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    if "errors" not in found:
        return
    table = Table(title=f"its own doubts; calibration error {number(found['ece'])}")
    for name in ("score", "finds", "AUROC", "AP", "risk-coverage", "FPR95"):
        table.add_column(name, justify="left" if name in ("score", "finds") else "right")
    for kind in ("errors", "unknown"):
        for name, entry in found.get(kind, {}).items():
            if name != "images":
                keys = ("auroc", "average_precision", "risk_coverage_area", "fpr95")
                table.add_row(name, kind, *(number(entry.get(key)) for key in keys))
    console.print(table)
