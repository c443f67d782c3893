"""The report of one run."""

from kerasseg.config import Config, dump_config
from kerasseg.config.words import SETTINGS, inline, setting_values
from kerasseg.drawing import charts, score_charts
from kerasseg.metrics.undefined import format_score
from kerasseg.report import html
from kerasseg.report.examples import Example, some_panels
from kerasseg.runs.record import RunRecord

_PANELS = 3  # shown where the best and worst images cannot be


def run_page(record: RunRecord, *, examples: tuple[list[Example], list[Example]] | str) -> str:
    """The whole document. examples: the best and the worst, or why there are none."""
    metrics = record.metrics
    return html.page(
        f"{record.name}: report",
        _head(record),
        html.tiles(_summary(record)),
        _learning(record),
        _classes(record),
        _confusion(record),
        _examples(record, examples),
        _doubts(metrics),
        _unknown(metrics),
        _settings(record),
    )


def _head(record: RunRecord) -> str:
    split, images = record.metrics.get("split", "val"), record.metrics.get("images", 0)
    return f"<h1>{html.text(record.name)}</h1>\n" + html.note(
        f"Scores of the best weights on {images} images of {split}, at native size."
    )


def _summary(record: RunRecord) -> list[tuple[str, str]]:
    metrics = record.metrics
    items = [
        (format_score(metrics["miou"]), "mean IoU"),
        (format_score(metrics.get("pixel_accuracy")), "pixel accuracy"),
        (format_score(metrics.get("image_accuracy")), "image accuracy (no IoU)"),
    ]
    if metrics.get("miou_forced") is not None:
        items.insert(1, (format_score(metrics["miou_forced"]), "mean IoU, never unlabelled"))
    if metrics.get("ece") is not None:
        items.append((format_score(metrics["ece"]), "calibration error (ECE)"))
    if record.history:
        items.append((f"{record.images_seen:,}", "images seen"))
        items.append((_duration(record), "in training steps"))
    if record.parameters:
        items.append((_millions(record.parameters), "parameters"))
    return items


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 1e6 else f"{count:,}"


def _duration(record: RunRecord) -> str:
    """Time spent in training steps: images over images a second, epoch by epoch."""
    seconds, before = 0.0, 0.0
    for row in record.history:
        images, rate = float(row["images_seen"]), float(row["images_per_second"] or 0)
        seconds += (images - before) / rate if rate else 0.0
        before = images
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{seconds / 60:.1f} min"


def _learning(record: RunRecord) -> str:
    if not record.history:
        return ""
    scores = ("val_miou", "validation mean IoU", 0.0)
    losses = [(name, name.replace("_", " "), None) for name in ("loss", *record.terms)]
    drawn = []
    for column, title, floor in (losses[0], scores, *losses[1:]):
        images, values = record.column(column)
        if any(values):  # a term whose weight is 0 is 0 throughout
            lines = {title: (images, values)}
            figure = charts.curves(lines, title=title, stages=record.stages, floor=floor)
            drawn.append(html.plot(figure, alt=f"{title} over images seen"))
    return html.section("Learning", f'<div class="row">{"".join(drawn)}</div>')


def _classes(record: RunRecord) -> str:
    classes = record.metrics["classes"]
    total = sum(entry.get("pixels", 0) for entry in classes.values())
    colors = dict(zip(record.labels["names"], record.labels["palette"], strict=False))
    ranked = sorted(classes.items(), key=lambda item: -(item[1]["iou"] or 0.0))
    rows = [
        (
            html.swatch(colors.get(name, (255, 255, 255))) + html.text(name),
            format_score(entry["iou"]),
            html.bar(entry["iou"]),
            format_score(entry.get("pixels", 0) / total if total else None, ".2%"),
        )
        for name, entry in ranked
    ]
    return html.section(
        "Classes", html.table(("class", "IoU", "", "share of pixels"), rows, wide=True)
    )


def _confusion(record: RunRecord) -> str:
    counts = record.metrics.get("confusion")
    if not counts or not any(map(any, counts[:-1])):
        return ""
    figure = charts.confusion(counts, list(record.metrics["classes"]))
    return html.section(
        "What is taken for what", html.scrolled(html.plot(figure, alt="confusion matrix"))
    )


def _examples(record: RunRecord, examples: tuple[list[Example], list[Example]] | str) -> str:
    if isinstance(examples, str):
        panels = "".join(
            html.scrolled(html.picture(image, name, photo=True))
            for name, image in some_panels(record.run.panels, count=_PANELS)
        )
        return html.section("Best and worst images", html.note(examples), panels)
    parts = []
    for title, found in zip(("Best", "Worst"), examples, strict=True):
        for example in found:
            pictures = "".join(
                html.picture(image, caption, photo=photo)
                for caption, image, photo in example.pictures
            )
            heading = f"{title}: {example.name}, mean IoU {example.miou:.3f}"
            parts.append(f'<h3>{html.text(heading)}</h3><div class="shots">{pictures}</div>')
    labels = record.labels
    names = [*labels["names"], labels["void_name"]]
    colors = [*labels["palette"], labels["void_color"]]
    legend = "".join(
        f"<span>{html.swatch(color)}{html.text(name)}</span>"
        for name, color in zip(names, colors, strict=False)
    )
    return html.section(
        "Best and worst images",
        *parts,
        f'<div class="legend">{legend}</div>' if parts else "",
    )


def _doubts(metrics: dict) -> str:
    drawn = []
    if metrics.get("reliability") or metrics.get("reliability_boundary"):
        drawn.append(html.plot(score_charts.reliability(metrics), alt="reliability diagram"))
    errors = metrics.get("errors", {})
    if any("risk_coverage" in entry for entry in errors.values()):
        drawn.append(html.plot(score_charts.risk_coverage(metrics), alt="risk-coverage curves"))
    if "trimap_miou" in metrics:
        drawn.append(html.plot(score_charts.trimap(metrics), alt="mean IoU near edges"))
    rows = _score_rows(errors, "auroc", "average_precision", "risk_coverage_area")
    return html.section(
        "Does it know when it is wrong?",
        f'<div class="row">{"".join(drawn)}</div>' if drawn else "",
        html.table(("finds errors by", "AUROC ↑", "AP ↑", "risk-coverage area ↓"), rows)
        if rows
        else "",
        _temperature(metrics.get("temperature")),
        _seconds(metrics.get("seconds")),
    )


def _score_rows(entries: dict[str, dict], *keys: str) -> list[tuple[str, ...]]:
    return [
        (html.text(name), *(format_score(entry.get(key)) for key in keys))
        for name, entry in entries.items()
    ]


def _temperature(found: dict | None) -> str:
    if not found:
        return ""
    return html.note(
        f"Logits divided by a temperature of {found['value']:.3f}, fitted on "
        f"{found['images_fitted']} images, bring the calibration error of the other "
        f"{found['images_scored']} from {format_score(found['ece_before'])} to "
        f"{format_score(found['ece_after'])}."
    )


def _seconds(found: dict | None) -> str:
    passes = [f"{name} {seconds:.3f}" for name, seconds in (found or {}).items()]
    return html.note(f"Seconds an image: {' · '.join(passes)}.") if passes else ""


def _unknown(metrics: dict) -> str:
    unknown = {n: e for n, e in metrics.get("unknown", {}).items() if n != "images"}
    rows = _score_rows(unknown, "auroc", "average_precision", "fpr95")
    if not rows:
        return ""
    return html.section(
        "Does it notice what it has never seen?",
        html.note(f"Pixels of unknown things in {metrics['unknown'].get('images', 0)} images."),
        html.table(("finds them by", "AUROC ↑", "AP ↑", "FPR95 ↓"), rows),
    )


def _settings(record: RunRecord) -> str:
    values, defaults = setting_values(record.config), setting_values(Config())
    changed = [
        f"{name} = {inline(values[name])}" for name in SETTINGS if values[name] != defaults[name]
    ]
    return html.section(
        "How it was made",
        html.note(" · ".join(record.provenance)),
        html.folded("settings that are not the default", "\n".join(changed)),
        html.folded("all settings", dump_config(record.config).strip()),
    )
