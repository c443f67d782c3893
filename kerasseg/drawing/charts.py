"""The plots of the report, as SVG: colours that differ for everyone, nothing but the data."""

import base64
import io
from collections.abc import Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette, which keeps its distances under colour blindness.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333")
INK, FAINT, _BAND = "#22262b", "#8a929b", "#eef1f4"


def data_uri(figure: Figure) -> str:
    """The figure as an address that holds it, for `<img src>`."""
    text = io.StringIO()
    # Without a date and with fixed names inside, the same numbers give the same page.
    with rc_context({"svg.hashsalt": "kerasseg"}):
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    data = base64.b64encode(text.getvalue().encode()).decode()
    return f"data:image/svg+xml;base64,{data}"


def plain(text: str) -> str:
    """`text` as it stands: a dollar starts no formula, a leading _ does not hide it in a legend."""
    text = text.replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def one_plot(title: str, *, size: tuple[float, float]) -> tuple[Figure, Axes]:
    """(Figure, its axes) without pyplot, which would keep what was drawn. size: inches."""
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.add_subplot()
    axis.set_title(title, fontsize=11, color=INK, loc="left")
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(FAINT)
    axis.tick_params(colors=INK, labelsize=9, length=3)
    for name in (axis.xaxis.label, axis.yaxis.label):
        name.set(fontsize=9, color=INK)
    return figure, axis


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    title: str,
    stages: Sequence[tuple[float, float, str]] = (),
    floor: float | None = None,
) -> Figure:
    """Lines over the images seen. stages: (first, last, crop scale), drawn as bands behind.

    floor: where the vertical axis starts; None: where the values do.
    """
    figure, axis = one_plot(title, size=(4.0, 3.0))
    for number, (first, last, scale) in enumerate(stages):
        if number % 2 == 0:
            axis.axvspan(first, last, color=_BAND, zorder=0, linewidth=0)
        label = f"crop {float(scale):.0%}"
        axis.text(
            (first + last) / 2,
            1.01,
            label if (last - first) > 0.2 * stages[-1][1] else label.split()[1],
            transform=axis.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
            color=FAINT,
        )
    for (name, (x, y)), color in zip(lines.items(), cycle(COLORS), strict=False):
        axis.plot(x, y, color=color, linewidth=1.8, label=plain(name), marker="o", markersize=3)
    if stages:
        axis.set_title(title, fontsize=11, color=INK, loc="left", pad=18)
    axis.set_xlabel("images seen")
    if floor is not None:
        axis.set_ylim(bottom=floor)
    if len(lines) > 1:
        axis.legend(fontsize=9, frameon=False)
    return figure


def confusion(counts: Sequence[Sequence[int]], names: Sequence[str]) -> Figure:
    """Each true class as a row: into what its pixels went. The last column is background.

    counts: C + 1 rows and columns, truth by prediction. names: C class names.
    """
    whole = np.asarray(counts, float)
    rows = [i for i in range(len(names)) if whole[i].sum() > 0]
    shares = whole[rows] / whole[rows].sum(axis=1, keepdims=True)
    columns = [*map(plain, names), "unlabelled"]
    size = 1.6 + 0.34 * len(columns)
    title = "Of 100 pixels of a class, how many are called …"
    figure, axis = one_plot(title, size=(size + 0.9, max(2.4, 1.6 + 0.34 * len(rows))))
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(len(columns)), columns, rotation=55, ha="right", rotation_mode="anchor")
    axis.set_yticks(range(len(rows)), [columns[i] for i in rows])
    axis.spines[:].set_visible(False)
    for y, row in enumerate(shares):
        for x, share in enumerate(row):
            if share >= 0.02:
                color = "white" if share > 0.55 else INK
                axis.text(
                    x, y, f"{share:.0%}"[:-1], ha="center", va="center", fontsize=7.5, c=color
                )
    return figure
