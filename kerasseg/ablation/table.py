"""The cells of an ablation as one table: JSON, CSV, Markdown."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from scipy import stats

from kerasseg.metrics.scorer import Score


@dataclass(frozen=True)
class Row:
    """A variant. scores: by name, one per seed in the order of `seeds`."""

    variant: str
    seeds: tuple[int, ...]
    scores: Mapping[str, tuple[Score, ...]]

    @property
    def values(self) -> dict[str, tuple[float, ...]]:
        """By name, of the scores that every seed has."""
        known = {
            name: tuple(float(score.value) for score in scores if score.value is not None)
            for name, scores in self.scores.items()
        }
        return {name: values for name, values in known.items() if len(values) == len(self.seeds)}


def rows(cells: Sequence[tuple[str, int, Sequence[Score]]]) -> list[Row]:
    """(variant, seed, scores) of each cell as rows in order of appearance."""
    grouped: dict[str, dict[int, Sequence[Score]]] = {}
    for variant, seed, scores in cells:
        grouped.setdefault(variant, {})[seed] = scores
    table = []
    for variant, by_seed in grouped.items():
        by_name: dict[str, list[Score]] = {}
        for score in chain.from_iterable(by_seed.values()):
            by_name.setdefault(score.name, []).append(score)
        of_seeds = {name: tuple(own) for name, own in by_name.items()}
        table.append(Row(variant, tuple(by_seed), of_seeds))
    return table


def columns(table: Sequence[Row]) -> dict[str, Score]:
    """The scores that some row has of all its seeds, by name; how they are shown."""
    shown = {name: scores[0] for row in table for name, scores in row.scores.items()}
    return {n: score for n, score in shown.items() if any(n in row.values for row in table)}


def mean_and_spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (n - 1); nan for the latter with one value."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float(np.mean(values)), spread


def differences(row: Row, base: Row, name: str) -> tuple[float, ...]:
    """`row` minus `base` in one column, seed by seed, of the seeds that both have."""
    pairs = dict(zip(base.seeds, base.values[name], strict=True))
    own = dict(zip(row.seeds, row.values[name], strict=True))
    return tuple(own[seed] - pairs[seed] for seed in own if seed in pairs)


def to_json(table: Sequence[Row]) -> list[dict]:
    """A mapping a row: variant, seeds, and for each column its values, mean and spread."""
    data = []
    for row in table:
        entries = {}
        for name, values in row.values.items():
            mean, spread = mean_and_spread(values)
            entries[name] = {
                "values": list(values),
                "mean": mean,
                "spread": None if math.isnan(spread) else spread,
            }
        data.append({"variant": row.variant, "seeds": list(row.seeds), "columns": entries})
    return data


def to_csv(table: Sequence[Row]) -> str:
    """A line a cell: variant, seed, and every column that any cell has."""
    names = list(columns(table))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["variant", "seed", *names])
    for row in table:
        for place, seed in enumerate(row.seeds):
            cells = [f"{row.values[n][place]:.9g}" if n in row.values else "" for n in names]
            writer.writerow([row.variant, seed, *cells])
    return text.getvalue()


def to_markdown(table: Sequence[Row]) -> str:
    """Two tables, scores down and variants across: the means with their spread over the seeds,
    and what each variant gains over the first one, seed by seed.

    A gain is bold if the 95 % confidence interval of its mean (Student's t) leaves out 0.
    """
    shown = columns(table)
    head = ["", *(row.variant for row in table)]
    lines = [_line(head), _line(["---", *("---:" for _ in table)])]
    for name, score in shown.items():
        cells = [_shown(row.values.get(name), score.form) for row in table]
        lines.append(_line([score.title, *cells]))
    if len(table) > 1:
        base = table[0]
        lines += ["", f"Gain over {base.variant}, seed by seed:", ""]
        lines += [_line(head[:1] + head[2:]), _line(["---", *("---:" for _ in table[1:])])]
        for name, score in shown.items():
            cells = [_gain(row, base, name, form=score.form) for row in table[1:]]
            lines.append(_line([score.title, *cells]))
    return "\n".join(lines) + "\n"


def _shown(values: Sequence[float] | None, form: str) -> str:
    if values is None:
        return "-"
    mean, spread = mean_and_spread(values)
    return f"{mean:{form}}" + ("" if math.isnan(spread) else f" ± {spread:{form}}")


def _gain(row: Row, base: Row, name: str, *, form: str) -> str:
    if name not in row.values or name not in base.values:
        return "-"
    gains = differences(row, base, name)
    if not gains:
        return "-"
    mean, spread = mean_and_spread(gains)
    if math.isnan(spread):
        return f"{mean:+{form}}"
    text = f"{mean:+{form}} ± {spread:{form}}"
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
