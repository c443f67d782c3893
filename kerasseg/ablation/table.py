"""The cells of an ablation as one table: JSON, CSV, Markdown."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from kerasseg.metrics.undefined import null_if_undefined


@dataclass(frozen=True)
class Column:
    """title: of the column. read: the value in a cell's scores; KeyError where there is none.

    better: "higher", "lower", or "" where neither is. unit: how `format` shows a value.
    """

    title: str
    read: Callable[[Mapping], float | None]
    better: str
    format: str = ".4f"


def _at(*keys: str) -> Callable[[Mapping], float | None]:
    def read(scores: Mapping) -> float | None:
        value: Any = scores
        for key in keys:
            value = value[key]
        return value

    return read


COLUMNS = (
    Column("mIoU", lambda s: s["miou"], "higher"),
    Column("mIoU forced", lambda s: s["miou_forced"], "higher"),
    Column("pixel accuracy", lambda s: s["pixel_accuracy"], "higher"),
    Column("image accuracy", lambda s: s["image_accuracy"], "higher"),
    Column("boundary F 2 px", lambda s: s["boundary_f"]["2"], "higher"),
    Column("ECE", lambda s: s["ece"], "lower"),
    Column("error AUROC, uncertainty", lambda s: s["errors"]["uncertainty"]["auroc"], "higher"),
    Column(
        "error AUROC, 1 - confidence", lambda s: s["errors"]["1 - confidence"]["auroc"], "higher"
    ),
    *(
        Column(
            f"{where} {what}, {score}",
            _at(key, score, entry),
            better,
        )
        for key, where in (("unknown", "unknown"), ("anomalies", "anomaly"))
        for entry, what, better in (
            ("average_precision", "AP", "higher"),
            ("fpr95", "FPR95", "lower"),
        )
        for score in ("uncertainty", "1 - confidence")
    ),
    Column("seconds a step", lambda s: s["step_seconds"], "lower", ".3f"),
    Column("peak memory, GB", lambda s: s["peak_memory_bytes"] / 1e9, "lower", ".2f"),
)


@dataclass(frozen=True)
class Row:
    """A variant. values: by column title, one a seed in the order of `seeds`."""

    variant: str
    seeds: tuple[int, ...]
    values: Mapping[str, tuple[float, ...]]


def rows(cells: Sequence[tuple[str, int, Mapping]]) -> list[Row]:
    """(variant, seed, scores) of each cell as rows in order of appearance.

    A column that any cell has no value for is left out of its row.
    """
    grouped: dict[str, dict[int, Mapping]] = {}
    for variant, seed, scores in cells:
        grouped.setdefault(variant, {})[seed] = scores
    table_rows = []
    for variant, by_seed in grouped.items():
        values = {}
        for column in COLUMNS:
            read = [_value(column, scores) for scores in by_seed.values()]
            numbers = tuple(float(value) for value in read if value is not None)
            if len(numbers) == len(read):
                values[column.title] = numbers
        table_rows.append(Row(variant, tuple(by_seed), values))
    return table_rows


def _value(column: Column, scores: Mapping) -> float | None:
    try:
        return column.read(scores)
    except KeyError:
        return None


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1); nan for the latter with one value."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float(np.mean(values)), spread


def differences(row: Row, base: Row, title: str) -> tuple[float, ...]:
    """`row` minus `base` in one column, seed by seed, of the seeds that both have."""
    pairs = dict(zip(base.seeds, base.values[title], strict=True))
    own = dict(zip(row.seeds, row.values[title], strict=True))
    return tuple(own[seed] - pairs[seed] for seed in own if seed in pairs)


def to_json(table: Sequence[Row]) -> list[dict]:
    """A mapping a row: variant, seeds, and for each column its values, mean and spread."""
    entries = []
    for row in table:
        columns = {}
        for title, values in row.values.items():
            mean, spread = mean_and_spread(values)
            columns[title] = {
                "values": list(values),
                "mean": mean,
                "spread": null_if_undefined(spread),
            }
        entries.append({"variant": row.variant, "seeds": list(row.seeds), "columns": columns})
    return entries


def to_csv(table: Sequence[Row]) -> str:
    """A line a cell: variant, seed, and every column that any cell has."""
    titles = _titles(table)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["variant", "seed", *titles])
    for row in table:
        for place, seed in enumerate(row.seeds):
            cells = [f"{row.values[t][place]:.9g}" if t in row.values else "" for t in titles]
            writer.writerow([row.variant, seed, *cells])
    return text.getvalue()


def to_markdown(table: Sequence[Row]) -> str:
    """Two tables, scores down and variants across: the means with their spread over the seeds,
    and what each variant gains over the first one, seed by seed.

    A gain is bold if the 95 % confidence interval of its mean (Student's t) leaves out 0.
    """
    formats = {column.title: column for column in COLUMNS}
    titles = _titles(table)
    head = ["", *(row.variant for row in table)]
    lines = [_line(head), _line(["---", *("---:" for _ in table)])]
    for title in titles:
        shown = [_shown(row.values.get(title), formats[title].format) for row in table]
        lines.append(_line([_with_arrow(formats[title]), *shown]))
    if len(table) > 1:
        base = table[0]
        lines += ["", f"Gain over {base.variant}, seed by seed:", ""]
        lines += [_line(head[:1] + head[2:]), _line(["---", *("---:" for _ in table[1:])])]
        for title in titles:
            shown = [_gain(row, base, formats[title]) for row in table[1:]]
            lines.append(_line([_with_arrow(formats[title]), *shown]))
    return "\n".join(lines) + "\n"


def _titles(table: Sequence[Row]) -> list[str]:
    return [c.title for c in COLUMNS if any(c.title in row.values for row in table)]


def _with_arrow(column: Column) -> str:
    return column.title + {"higher": " ↑", "lower": " ↓", "": ""}[column.better]


def _shown(values: Sequence[float] | None, form: str) -> str:
    if values is None:
        return "-"
    mean, spread = mean_and_spread(values)
    return f"{mean:{form}}" + ("" if math.isnan(spread) else f" ± {spread:{form}}")


def _gain(row: Row, base: Row, column: Column) -> str:
    if column.title not in row.values or column.title not in base.values:
        return "-"
    gains = differences(row, base, column.title)
    if not gains:
        return "-"
    mean, spread = mean_and_spread(gains)
    if math.isnan(spread):
        return f"{mean:+{column.format}}"
    text = f"{mean:+{column.format}} ± {spread:{column.format}}"
    return f"**{text}**" if is_clear(gains) else text


def is_clear(gains: Sequence[float]) -> bool:
    """Whether the 95 % confidence interval of the mean, by Student's t, leaves out 0.

    gains: at least two.
    """
    mean, spread = mean_and_spread(gains)
    half = stats.t.ppf(0.975, len(gains) - 1) * spread / math.sqrt(len(gains))
    return bool(abs(mean) > half)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
