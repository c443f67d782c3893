"""Several runs side by side."""

from collections.abc import Sequence

from kerasseg.config.words import SETTINGS, inline, setting_values
from kerasseg.drawing import charts
from kerasseg.metrics.undefined import format_score
from kerasseg.report import html
from kerasseg.runs.record import RunRecord

# Where two runs always differ.
_OWN = ("name", "run_dir")


def comparison_page(records: Sequence[RunRecord]) -> str:
    """The whole document: scores, curves, classes, and the settings in which the runs differ."""
    names = _names(records)
    return html.page(
        "comparison of runs",
        f"<h1>{len(records)} runs</h1>\n" + html.note(", ".join(names)),
        html.section("Scores", _scores(records, names)),
        html.section("Learning", _curves(records, names)),
        html.section("IoU of the classes", _classes(records, names)),
        html.section("Settings that differ", _settings(records, names)),
    )


def _names(records: Sequence[RunRecord]) -> list[str]:
    """Names, with the directory where two runs have the same."""
    plain = [record.name for record in records]
    return [
        str(record.run.path) if plain.count(record.name) > 1 else record.name for record in records
    ]


def _scores(records: Sequence[RunRecord], names: list[str]) -> str:
    own = [
        {score.name: score for score in record.scores.summary() if score.compared}
        for record in records
    ]
    rows = []
    for name, shown in {n: score for scores in own for n, score in scores.items()}.items():
        values = [scores[name].value if name in scores else None for scores in own]
        if any(value is not None for value in values):
            rows.append((html.text(shown.title), *(format_score(v, shown.form) for v in values)))
    rows.append(("images seen", *(f"{record.images_seen:,}" for record in records)))
    return html.table(("", *names), rows)


def _curves(records: Sequence[RunRecord], names: list[str]) -> str:
    terms = dict.fromkeys(name for record in records for name in record.terms)
    titles = {
        "val_miou": "validation mean IoU",
        "val_pixel_accuracy": "validation pixel accuracy",
        **{name: name.replace("_", " ") for name in terms},
    }
    drawn = ""
    for column, title in titles.items():
        lines = {name: record.column(column) for name, record in zip(names, records, strict=True)}
        if not any(any(values) for _, values in lines.values()):
            continue  # a term whose weight is 0 everywhere
        floor = None if column in terms else 0.0
        drawn += html.plot(charts.curves(lines, title=title, floor=floor), alt=title)
    return f'<div class="row">{drawn}</div>'


def _classes(records: Sequence[RunRecord], names: list[str]) -> str:
    classes = list(dict.fromkeys(name for r in records for name in r.scores.overlap.classes))
    rows = []
    for name in classes:
        entries = [record.scores.overlap.classes.get(name) for record in records]
        ious = [None if entry is None else entry.iou for entry in entries]
        best = max((value for value in ious if value is not None), default=None)
        cells = [
            f"<b>{format_score(value)}</b>"
            if value is not None and value == best
            else format_score(value)
            for value in ious
        ]
        rows.append((html.text(name), *cells))
    return html.table(("class", *names), rows)


def _settings(records: Sequence[RunRecord], names: list[str]) -> str:
    values = [setting_values(record.config) for record in records]
    rows = [
        (html.text(name), *(html.text(inline(value[name])) for value in values))
        for name in SETTINGS
        if name not in _OWN and len({repr(value[name]) for value in values}) > 1
    ]
    return html.table(("setting", *names), rows) if rows else html.note("None.")
