"""The tables of scores that commands print."""

from rich.table import Table

from kerasseg.metrics.error_detection import ErrorDetectionScores
from kerasseg.metrics.split_scores import SplitScores, TemperatureFit
from kerasseg.metrics.undefined import format_score
from kerasseg.metrics.unknown_detection import UnknownDetectionScores
from kerasseg.metrics.unknown_objects import UnknownObjectScores
from kerasseg.metrics.unlabelled import SHARES, UnlabelledScores
from kerasseg.terminal import console


def print_scores(scores: SplitScores) -> None:
    """Everything that was measured on a split."""
    console().print(score_table(scores))
    if scores.errors is not None or scores.unknown is not None:
        print_uncertainty_scores("uncertainty scores", errors=scores.errors, unknown=scores.unknown)
    print_unknown_objects(scores.unknown_objects)
    print_unlabelled(scores.unlabelled)
    if scores.temperature is not None:
        print(temperature_line(scores.temperature))
    if scores.seconds is not None:
        table = Table(title="seconds per image")
        table.add_column("what")
        table.add_column("median", justify="right")
        for name, seconds in scores.seconds.by_way.items():
            table.add_row(name, format_score(seconds))
        console().print(table)


def score_table(scores: SplitScores) -> Table:
    """One row per class and per category, then the scores of the whole split."""
    overlap, categories, instances = scores.overlap, scores.categories, scores.instances
    table = Table(title=f"{scores.split}: {scores.images} images at native size")
    for column in ("", "IoU", *(() if instances is None else ("iIoU",)), "share of pixels"):
        table.add_column(column, justify="right" if column else "left")
    for name, entry in overlap.classes.items():
        iiou = () if instances is None else (format_score(instances.iiou.get(name)),)
        share = format_score(overlap.share_of_pixels(name), ".2%")
        table.add_row(name, format_score(entry.iou), *iiou, share)
    for name, iou in ({} if categories is None else categories.iou).items():
        iiou = () if instances is None else (format_score(instances.categories_iiou.get(name)),)
        table.add_row(f"{name} (category)", format_score(iou), *iiou, "")
    table.add_section()
    for score in scores.summary(rankings=False):
        table.add_row(score.name, score.text, style="bold" if score.compared else None)
    return table


def print_uncertainty_scores(
    title: str, *, errors: ErrorDetectionScores | None, unknown: UnknownDetectionScores | None
) -> None:
    """How well each uncertainty score finds errors and unknown things."""
    table = Table(title=title)
    table.add_column("score", max_width=24)
    for name in ("AUROC", "AP", "AURC", "AUGRC", "FPR95"):
        table.add_column(name, justify="right")
    if errors is not None:
        table.add_section()
        table.add_row("finding errors:", style="bold")
        for name, error in errors.by_score.items():
            areas = error.risk_coverage_area, error.generalized_risk_coverage_area
            table.add_row(name, *_cells(error.auroc, error.average_precision, *areas, None))
    if unknown is not None:
        table.add_section()
        table.add_row("finding unknown things:", style="bold")
        for name, thing in unknown.by_score.items():
            auroc, precision = thing.auroc, thing.average_precision
            table.add_row(name, *_cells(auroc, precision, None, None, thing.fpr95))
    console().print(table)


def print_unknown_objects(objects: UnknownObjectScores | None) -> None:
    """How many things each score finds at its best threshold; nothing if that is not known."""
    if objects is None:
        return
    table = Table(
        title=f"{objects.things} unknown objects in {objects.images} images",
        caption="threshold: the best pixel F1 on the other images\n"
        "found: share with an sIoU above that; alarms: false ones an image",
    )
    table.add_column("score", max_width=24)
    for name in ("found 0.25", "0.5", "PPV", "F1", "alarms"):
        table.add_column(name, justify="right")
    for name, ranking in objects.by_score.items():
        found = _cells(ranking.found_25, ranking.found_50, ranking.ppv, ranking.f1)
        table.add_row(name, *found, format_score(ranking.false_alarms, ".2f"))
    console().print(table)


def print_unlabelled(unlabelled: UnlabelledScores | None) -> None:
    """What it costs and brings to leave the highest scores unlabelled, or nothing."""
    if unlabelled is None:
        return
    table = Table(
        title="the highest scores left unlabelled",
        caption=f"thresholds fitted on {unlabelled.images_fitted} images, scored on "
        f"{unlabelled.images_scored} others\n"
        "none: what the model itself answers with background; -: that alone is more",
    )
    table.add_column("given up at most", max_width=24)
    for share in ("none", *(f"{share:.1%}".replace(".0", "") for share in SHARES)):
        table.add_column(share, justify="right")
    for title, key, form in (
        ("unknown pixels caught:", "caught", ".1%"),
        ("mIoU, given up = missed:", "miou", ".4f"),
        ("known pixels given up:", "given_up", ".2%"),
    ):
        rows = [
            (
                name,
                [
                    getattr(r.own, key),
                    *(None if p.threshold is None else getattr(p.scored, key) for p in r.points),
                ],
            )
            for name, r in unlabelled.by_score.items()
        ]
        if all(value is None for _, values in rows for value in values):
            continue
        table.add_section()
        table.add_row(title, style="bold")
        for name, values in rows:
            table.add_row(name, *(format_score(value, form) for value in values))
    console().print(table)


def _cells(*values: float | None) -> list[str]:
    return [format_score(value) for value in values]


def temperature_line(fit: TemperatureFit) -> str:
    return (
        f"temperature {fit.value:.4f}, fitted on {fit.images_fitted} images; calibration error of "
        f"{fit.images_scored} others {format_score(fit.ece_before)}, with it "
        f"{format_score(fit.ece_after)}"
    )
