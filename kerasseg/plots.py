"""Plots of what `evaluate` found, as SVG files. Matplotlib is imported only here."""

import os
from pathlib import Path

from kerasseg.errors import UserError

_INK, _COLORS = "#444444", ("#2b5f9e", "#c4572b", "#3f8f5f", "#8a5aa8", "#b0892f", "#5b6b7a")


def write_plots(found: dict, folder: Path) -> tuple[Path, ...]:
    """`reliability.svg` and `risk_coverage.svg` where a model was scored, `trimap.svg` where
    boundaries were. found: what `evaluate_split` returns. None is ever seen half-written.

    Returns their paths. Raises UserError if there is nothing to draw or it cannot be written.
    """
    drawings = {}
    if "reliability" in found:
        drawings["reliability.svg"] = _reliability(found)
        drawings["risk_coverage.svg"] = _risk_coverage(found)
    if "trimap_miou" in found:
        drawings["trimap.svg"] = _trimap(found)
    if not drawings:
        raise UserError("--plots: nothing to draw, label PNGs need --boundaries for that")
    folder, paths = Path(folder), []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in drawings.items():
            temporary = folder / f".{name}.tmp"
            figure.savefig(temporary, format="svg", metadata={"Date": None})
            os.replace(temporary, folder / name)
            paths.append(folder / name)
    except OSError as error:
        raise UserError(f"--plots {folder}: cannot be written ({error.strerror})") from error
    return tuple(paths)


def _axes(title: str, *, x: str, y: str, size: tuple[float, float] = (5.2, 4.2)):
    """(figure, axes), without pyplot, which would keep what was drawn."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, color=_INK)
    axes.set_xlabel(x, color=_INK)
    axes.set_ylabel(y, color=_INK)
    axes.tick_params(colors=_INK)
    axes.grid(color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color("#bbbbbb")
    return figure, axes


def _reliability(found: dict):
    figure, axes = _axes(
        "Reliability: is confidence what it says?", x="confidence", y="accuracy", size=(5.0, 4.8)
    )
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=(0, (4, 3)))
    for color, what, end in ((_COLORS[0], "all pixels", ""), (_COLORS[1], "at edges", "_boundary")):
        curve, error = found[f"reliability{end}"], found[f"ece{end}"]
        label = f"{what}, calibration error {'-' if error is None else f'{error:.3f}'}"
        axes.plot(
            curve["confidence"], curve["accuracy"], "o-", color=color, markersize=4, label=label
        )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="upper left", fontsize=9)
    return figure


def _risk_coverage(found: dict):
    """At most six scores: those with the least area, `uncertainty` always among them."""
    errors = {n: e for n, e in found["errors"].items() if e["risk_coverage_area"] is not None}
    order = sorted(errors, key=lambda name: errors[name]["risk_coverage_area"])
    chosen = [n for n in order if n != "uncertainty"][: len(_COLORS) - 1]
    chosen += [n for n in order if n == "uncertainty"]
    figure, axes = _axes(
        "Errors among the pixels that are kept",
        x="share of pixels kept, the surest first",
        y="share of them that is wrong",
    )
    highest = 0.0
    for color, name in zip(_COLORS, chosen, strict=False):
        curve, area = errors[name]["risk_coverage"], errors[name]["risk_coverage_area"]
        axes.plot(curve["coverage"], curve["risk"], color=color, label=f"{name} ({area:.3f})")
        kept = zip(curve["coverage"], curve["risk"], strict=True)
        highest = max(highest, *(risk for coverage, risk in kept if coverage >= 0.05))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.05 * highest or 1.0)  # a handful of pixels may be all wrong
    if chosen:
        axes.legend(frameon=False, fontsize=9, title="score (area)", title_fontsize=9)
    return figure


def _trimap(found: dict):
    points = [(int(d), v) for d, v in found["trimap_miou"].items() if v is not None]
    figure, axes = _axes("Mean IoU near the edges", x="pixels from an edge, at most", y="mean IoU")
    axes.plot([d for d, _ in points], [v for _, v in points], "o-", color=_COLORS[0])
    if found["miou"] is not None:
        axes.axhline(found["miou"], color="#999999", linewidth=1, linestyle=(0, (4, 3)))
        label = f"everywhere: {found['miou']:.3f}"
        axes.annotate(label, (1, found["miou"]), xytext=(0, 4), textcoords="offset points",
                      fontsize=9, color=_INK)  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks([d for d, _ in points], [str(d) for d, _ in points])
    axes.set_ylim(0, 1)
    return figure
