"""How sure a model is, how right, and how it does near edges, as plots."""

from contextlib import ExitStack
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from kerasseg.drawing.charts import COLORS, FAINT, INK, one_plot
from kerasseg.errors import UserError
from kerasseg.files import writing
from kerasseg.metrics.boundaries import BoundaryScores
from kerasseg.metrics.calibration import CalibrationScores
from kerasseg.metrics.error_detection import ErrorDetectionScores
from kerasseg.metrics.unlabelled import COMPARED_SHARE, UnlabelledScores

_GIVEN_UP = 0.1  # as far as the curves of unlabelled pixels go
_MOST = 5  # scores beside `uncertainty`: more lines cannot be told apart


def reliability(calibration: CalibrationScores) -> Figure:
    """Accuracy over confidence, of all pixels and of those at edges."""
    figure, axes = one_plot("Is it as right as it is sure?", size=(4.2, 4.2))
    axes.set(xlabel="confidence", ylabel="share of right pixels")
    axes.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
    for color, what, curve, error in (
        (COLORS[0], "all pixels", calibration.curve, calibration.error),
        (COLORS[1], "at edges", calibration.edge_curve, calibration.edge_error),
    ):
        label = f"{what}, calibration error {'-' if error is None else f'{error:.3f}'}"
        axes.plot(curve.confidence, curve.accuracy, "o-", color=color, markersize=4, label=label)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    return figure


def risk_coverage(errors: ErrorDetectionScores) -> Figure:
    """Share of wrong pixels among those that are kept, the most uncertain left out first.

    At most six scores: those with the least area, `uncertainty` always among them.
    """
    areas = {
        name: ranking.risk_coverage_area
        for name, ranking in errors.by_score.items()
        if ranking.risk_coverage_area is not None
    }
    chosen = _chosen(sorted(areas, key=lambda name: areas[name]))
    figure, axes = one_plot("Errors among the pixels that are kept", size=(4.2, 4.2))
    axes.set(xlabel="share of pixels kept, the surest first", ylabel="share of them that is wrong")
    highest = 0.0
    for color, name in zip(COLORS, chosen, strict=False):
        curve, label = errors.by_score[name].curve, f"{name} ({areas[name]:.3f})"
        axes.plot(curve.coverage, curve.risk, color=color, label=label)
        kept = zip(curve.coverage, curve.risk, strict=True)
        highest = max([highest, *(risk for coverage, risk in kept if coverage >= 0.05)])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.05 * highest or 1.0)  # a handful of pixels may be all wrong
    if chosen:
        _legend_below(figure, title="score (area)")
    return figure


def _chosen(best_first: list[str]) -> list[str]:
    """The best of them, and `uncertainty` if it is there, which comes last."""
    others = [name for name in best_first if name != "uncertainty"][:_MOST]
    return others + [name for name in best_first if name == "uncertainty"]


def _legend_below(figure: Figure, *, title: str) -> None:
    """Wherever the curves run, inside they would run through it."""
    figure.legend(
        frameon=False,
        fontsize=8,
        loc="outside lower center",
        ncols=2,
        handlelength=1.2,
        columnspacing=1.0,
        title=title,
        title_fontsize=8,
    )


def unlabelled_plots(unlabelled: UnlabelledScores) -> dict[str, Figure]:
    """What it brings and costs to leave the highest scores unlabelled, by the name of the plot.

    `unlabelled_caught` if there are unknown pixels, `unlabelled_miou` if there are classes. Both
    show the same scores, at most six: those that catch most with 2 % given up (or else have the
    highest mIoU), `uncertainty` always among them. The dots are the fitted thresholds. Nothing is
    drawn if the model's own answers give up more than a tenth.
    """
    found: dict[str, dict[str, float]] = {"caught": {}, "miou": {}}
    own = [ranking.own.given_up for ranking in unlabelled.by_score.values()]
    for name, ranking in unlabelled.by_score.items():
        point = ranking.at(COMPARED_SHARE)
        for key, values_of in found.items():
            value = None if point is None else getattr(point.scored, key)
            if value is not None:
                values_of[name] = value
    first = found["caught"] or found["miou"]
    chosen = _chosen(sorted(first, key=lambda name: -first[name]))
    drawn = {}
    for key, title, label in (
        ("caught", "Unknown pixels that are left unlabelled", "share of the unknown pixels"),
        ("miou", "mIoU, pixels given up being missed", "mIoU"),
    ):
        if not found[key] or all(a is None or a > _GIVEN_UP for a in own):
            continue
        figure, axes = one_plot(title, size=(4.2, 4.2))
        axes.set(xlabel="share of the known pixels that is given up", ylabel=label)
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        for color, name in zip(COLORS, chosen, strict=False):
            ranking = unlabelled.by_score[name]
            at_share = ranking.at(COMPARED_SHARE)
            known = at_share is not None and at_share.threshold is not None
            legend = f"{name} ({found[key][name]:.3f})" if known else f"{name} (-)"
            curve = [(at.given_up, getattr(at, key)) for at in ranking.curve]
            axes.plot(*zip(*curve, strict=True), color=color, label=legend)
            fitted = [p.scored for p in ranking.points if p.threshold is not None]
            if fitted:
                dots = [(at.given_up, getattr(at, key)) for at in fitted]
                axes.plot(*zip(*dots, strict=True), "o", color=color, markersize=4)
        axes.set_xlim(0, _GIVEN_UP)
        if key == "caught":
            axes.set_ylim(0, 1.02)
            axes.plot(
                [0, _GIVEN_UP], [0, _GIVEN_UP], color=FAINT, linewidth=1, linestyle=(0, (4, 3))
            )
        _legend_below(figure, title=f"score (with {COMPARED_SHARE:.0%} given up)")
        drawn[f"unlabelled_{key}"] = figure
    return drawn


def trimap(boundaries: BoundaryScores, *, miou: float | None) -> Figure:
    """Mean IoU of the pixels within some distance of an edge. miou: of all pixels."""
    points = [(d, v) for d, v in boundaries.trimap_miou.items() if v is not None]
    figure, axes = one_plot("Mean IoU near the edges", size=(4.2, 4.2))
    axes.set(xlabel="pixels from an edge, at most", ylabel="mean IoU")
    axes.plot([d for d, _ in points], [v for _, v in points], "o-", color=COLORS[0])
    if miou is not None:
        axes.axhline(miou, color=FAINT, linewidth=1, linestyle=(0, (4, 3)))
        label = f"everywhere: {miou:.3f}"
        axes.annotate(label, (1, miou), xytext=(0, 4), textcoords="offset points",
                      fontsize=9, color=INK)  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks([d for d, _ in points], [str(d) for d, _ in points])
    axes.set_ylim(0, 1)
    return figure


def write_plots(
    folder: Path,
    *,
    calibration: CalibrationScores | None,
    errors: ErrorDetectionScores | None,
    boundaries: BoundaryScores | None,
    unlabelled: UnlabelledScores | None,
    miou: float | None,
) -> tuple[Path, ...]:
    """`reliability.svg`, `risk_coverage.svg`, `trimap.svg`, `unlabelled_caught.svg` and
    `unlabelled_miou.svg`, each if its scores are there.

    None is ever seen half-written. Returns their paths. Raises UserError if there is nothing to
    draw or it cannot be written.
    """
    drawings = {}
    if calibration is not None:
        drawings["reliability.svg"] = reliability(calibration)
    if errors is not None:
        drawings["risk_coverage.svg"] = risk_coverage(errors)
    if boundaries is not None:
        drawings["trimap.svg"] = trimap(boundaries, miou=miou)
    if unlabelled is not None:
        for name, figure in unlabelled_plots(unlabelled).items():
            drawings[f"{name}.svg"] = figure
    if not drawings:
        raise UserError("--plots: nothing to draw, label PNGs need --boundaries for that")
    folder = Path(folder)
    with ExitStack() as stack:
        for name, figure in drawings.items():
            whole = writing(folder / name, called=f"--plots {folder}", make_folder=True)
            temporary = stack.enter_context(whole)
            figure.savefig(temporary, format="svg", metadata={"Date": None})
    return tuple(folder / name for name in drawings)
