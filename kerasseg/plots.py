"""Plots of what `evaluate` found, as SVG files."""

import os
from pathlib import Path

from kerasseg.errors import UserError
from kerasseg.report.score_plots import reliability, risk_coverage, trimap


def write_plots(found: dict, folder: Path) -> tuple[Path, ...]:
    """`reliability.svg` and `risk_coverage.svg` where a model was scored, `trimap.svg` where
    boundaries were. found: what `evaluate_split` returns. None is ever seen half-written.

    Returns their paths. Raises UserError if there is nothing to draw or it cannot be written.
    """
    drawings = {}
    if "reliability" in found:
        drawings["reliability.svg"] = reliability(found)
        drawings["risk_coverage.svg"] = risk_coverage(found)
    if "trimap_miou" in found:
        drawings["trimap.svg"] = trimap(found)
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
