"""The tables that `evaluate` prints."""

from rich.table import Table

from kerasseg.metrics.undefined import format_score
from kerasseg.terminal import console


def print_scores(found: dict) -> None:
    """Of a split: classes and their means, then its uncertainty scores."""
    instances = found.get("iiou")
    table = Table(title=f"{found['split']}: {found['images']} images at native size")
    table.add_column("class")
    table.add_column("IoU", justify="right")
    if instances is not None:
        table.add_column("iIoU", justify="right")
    for name, entry in found["classes"].items():
        extra = () if instances is None else (format_score(instances.get(name)),)
        table.add_row(name, format_score(entry["iou"]), *extra)
    table.add_section()
    extra = () if instances is None else (format_score(found["miiou"]),)
    table.add_row("mean", format_score(found["miou"]), *extra, style="bold")
    for name, value in found.get("categories", {}).items():
        extra = () if instances is None else (format_score(found["categories_iiou"].get(name)),)
        table.add_row(f"{name} (category)", format_score(value), *extra)
    if "miou_categories" in found:
        extra = () if instances is None else (format_score(found["miiou_categories"]),)
        value = format_score(found["miou_categories"])
        table.add_row("mean of categories", value, *extra, style="bold")
    table.add_section()
    for name, value in _others(found):
        table.add_row(name, format_score(value))
    console().print(table)
    if "errors" in found:
        print_uncertainty_scores(
            found, title=f"uncertainty scores; calibration error {format_score(found['ece'])}"
        )
    if "temperature" in found:
        print_temperature(found["temperature"])
    if "seconds" in found:
        _print_seconds(found["seconds"])


def _others(found: dict):
    """Lines below the classes: (name, value)."""
    if found["miou_forced"] is not None:
        yield "mean, background not allowed", found["miou_forced"]
    yield "pixel accuracy", found["pixel_accuracy"]
    yield "image accuracy", found["image_accuracy"]
    if "boundary_iou" in found:
        yield "boundary IoU", found["boundary_iou"]
    for tolerance, value in found.get("boundary_f", {}).items():
        yield f"boundary F, {tolerance} px", value
    for distance, value in found.get("trimap_miou", {}).items():
        yield f"mean IoU within {distance} px of an edge", value


def print_uncertainty_scores(found: dict, *, title: str) -> None:
    """How well each score finds `errors` and `unknown` things."""
    table = Table(title=title)
    table.add_column("score", max_width=24)
    for name in ("AUROC", "AP", "AURC", "FPR95"):
        table.add_column(name, justify="right")
    for kind, what in (("errors", "errors"), ("unknown", "unknown things")):
        entries = {n: e for n, e in found.get(kind, {}).items() if n != "images"}
        if entries:
            table.add_section()
            table.add_row(f"finding {what}:", style="bold")
        for name, entry in entries.items():
            keys = ("auroc", "average_precision", "risk_coverage_area", "fpr95")
            table.add_row(name, *(format_score(entry.get(key)) for key in keys))
    console().print(table)


def print_temperature(found: dict) -> None:
    print(
        f"temperature {found['value']:.4f}, fitted on {found['images_fitted']} images; calibration "
        f"error of {found['images_scored']} others {format_score(found['ece_before'])}, with it "
        f"{format_score(found['ece_after'])}"
    )


def _print_seconds(seconds: dict[str, float]) -> None:
    table = Table(title="seconds an image")
    table.add_column("what")
    table.add_column("median", justify="right")
    for name, value in seconds.items():
        table.add_row(name, format_score(value))
    console().print(table)
