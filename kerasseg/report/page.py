"""The report of one run."""

from kerasseg.config import Config, dump_config
from kerasseg.config.words import SETTINGS, inline, setting_values
from kerasseg.drawing import charts, score_charts
from kerasseg.metrics.split_scores import Seconds, SplitScores, TemperatureFit
from kerasseg.metrics.undefined import format_score
from kerasseg.report import html
from kerasseg.report.examples import Example, some_panels
from kerasseg.report.unknown_things import unknown_section, unlabelled_section
from kerasseg.runs.record import RunRecord

_PANELS = 3  # shown where the best and worst images cannot be


def run_page(record: RunRecord, *, examples: tuple[list[Example], list[Example]] | str) -> str:
    """The whole document. examples: the best and the worst, or why there are none."""
    return html.page(
        f"{record.name}: report",
        _head(record),
        html.tiles(_summary(record)),
        _learning(record),
        _classes(record),
        _confusion(record),
        _examples(record, examples),
        _uncertainty_scores(record.scores),
        unknown_section(record.scores),
        unlabelled_section(record.scores.unlabelled),
        _settings(record),
    )


def _head(record: RunRecord) -> str:
    scores = record.scores
    return f"<h1>{html.text(record.name)}</h1>\n" + html.note(
        f"Scores of the best weights on {scores.images} images of {scores.split}, at native size."
    )


def _summary(record: RunRecord) -> list[tuple[str, str]]:
    items = [
        (format_score(score.value, score.form), score.name)
        for score in record.scores.summary(rankings=False)
        if score.compared
    ]
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
    overlap = record.scores.overlap
    label_set = record.description.label_set
    colors = dict(zip(label_set.names, label_set.palette, strict=True))
    ranked = sorted(overlap.classes.items(), key=lambda item: -(item[1].iou or 0.0))
    rows = [
        (
            html.swatch(colors.get(name, (255, 255, 255))) + html.text(name),
            format_score(entry.iou),
            html.bar(entry.iou),
            format_score(overlap.share_of_pixels(name), ".2%"),
        )
        for name, entry in ranked
    ]
    return html.section(
        "Classes", html.table(("class", "IoU", "", "share of pixels"), rows, wide=True)
    )


def _confusion(record: RunRecord) -> str:
    overlap = record.scores.overlap
    if not any(map(any, overlap.confusion[:-1])):
        return ""
    figure = charts.confusion(overlap.confusion, list(overlap.classes))
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
    for title, shown in zip(("Best", "Worst"), examples, strict=True):
        for example in shown:
            pictures = "".join(
                html.picture(image, caption, photo=photo)
                for caption, image, photo in example.pictures
            )
            heading = f"{title}: {example.name}, mean IoU {format_score(example.miou, '.3f')}"
            parts.append(f"<h3>{html.text(heading)}</h3>{html.shots(pictures)}")
    label_set = record.description.label_set
    names = [*label_set.names, label_set.void_name]
    colors = [*label_set.palette, label_set.void_color]
    return html.section(
        "Best and worst images",
        *parts,
        html.legend(names, colors) if parts else "",
    )


def _uncertainty_scores(scores: SplitScores) -> str:
    drawn, rows = [], []
    if scores.calibration is not None:
        figure = score_charts.reliability(scores.calibration)
        drawn.append(html.plot(figure, alt="reliability diagram"))
    if scores.errors is not None:
        figure = score_charts.risk_coverage(scores.errors)
        drawn.append(html.plot(figure, alt="risk-coverage curves"))
        rows = [
            (
                html.text(name),
                format_score(ranking.auroc),
                format_score(ranking.average_precision),
                format_score(ranking.risk_coverage_area),
                format_score(ranking.generalized_risk_coverage_area),
            )
            for name, ranking in scores.errors.by_score.items()
        ]
    if scores.boundaries is not None:
        figure = score_charts.trimap(scores.boundaries, miou=scores.overlap.miou)
        drawn.append(html.plot(figure, alt="mean IoU near edges"))
    return html.section(
        "Does it know when it is wrong?",
        f'<div class="row">{"".join(drawn)}</div>' if drawn else "",
        html.table(("finds errors by", "AUROC ↑", "AP ↑", "AURC ↓", "AUGRC ↓"), rows)
        if rows
        else "",
        _temperature(scores.temperature),
        _seconds(scores.seconds),
    )


def _temperature(fit: TemperatureFit | None) -> str:
    if fit is None:
        return ""
    return html.note(
        f"Logits divided by a temperature of {fit.value:.3f}, fitted on {fit.images_fitted} "
        f"images, bring the calibration error of the other {fit.images_scored} from "
        f"{format_score(fit.ece_before)} to {format_score(fit.ece_after)}."
    )


def _seconds(seconds: Seconds | None) -> str:
    if seconds is None:
        return ""
    ways = [f"{name} {value:.3f}" for name, value in seconds.by_way.items()]
    return html.note(f"Seconds per image: {' · '.join(ways)}.")


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
