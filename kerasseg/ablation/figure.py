"""The table as one picture: a dot a seed, a bar for the mean, a panel a score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerasseg.ablation.table import Row, columns, mean_and_spread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = (
    "mIoU",
    "boundary F 2 px",
    "ECE",
    "error AUROC, uncertainty",
    "unknown AP, uncertainty",
    "anomaly AP, uncertainty",
)
_DOT, _MEAN, _BASE = "#3b6ea5", "#16324f", "#b9c2cc"


def draw(table: Sequence[Row], *, title: str) -> "Figure":
    """A matplotlib Figure of those scores of the table that it has."""
    from matplotlib.figure import Figure

    better = {name: score.better for name, score in columns(table).items()}
    shown = [name for name in _SHOWN if all(name in row.values for row in table)]
    across = min(3, len(shown))
    down = -(-len(shown) // across)
    height = 1.1 + down * (0.9 + 0.3 * len(table))
    figure = Figure(figsize=(10, height), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    places = range(len(table))[::-1]
    for axis, name in zip(axes, shown, strict=False):
        base = mean_and_spread(table[0].values[name])[0]
        axis.axvline(base, color=_BASE, linewidth=1, zorder=0)
        for place, row in zip(places, table, strict=True):
            values = row.values[name]
            axis.plot(values, [place] * len(values), "o", color=_DOT, alpha=0.6, markersize=5)
            mean, _ = mean_and_spread(values)
            axis.plot([mean, mean], [place - 0.3, place + 0.3], color=_MEAN, linewidth=2.5)
        axis.set_title(f"{name} ({better[name]} is better)", fontsize=9)
        first = axis.get_subplotspec().is_first_col()
        axis.set_yticks(list(places), [row.variant for row in table] if first else [])
        axis.tick_params(labelsize=8, length=2)
        axis.spines[["top", "right"]].set_visible(False)
        axis.margins(x=0.12)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    figure.suptitle(title, fontsize=11)
    return figure
