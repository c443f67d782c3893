"""What an ablation leaves behind: a file for each cell, and the table in four formats."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from kerasseg.ablation.cells import Cell, CellScores
from kerasseg.ablation.figure import draw
from kerasseg.ablation.table import rows, to_csv, to_json, to_markdown
from kerasseg.ablation.variants import plain_value
from kerasseg.config.words import SETTINGS
from kerasseg.files import write_json, write_text, writing


def write_cell(
    out: Path, cell: Cell, scores: CellScores, *, command: Sequence[str], named: set[str]
) -> None:
    """`cells/<name>.json`: how to make the cell again, and what was measured.

    named: the settings in which cells differ. The command has all of them, so that it means the
    same when the defaults of the file have moved on. Curves and lists of images stay in the
    `metrics.json` of the cell's run.
    """
    different = {key: plain_value(cell.config, key) for key in SETTINGS if key in named}
    (out / "cells").mkdir(parents=True, exist_ok=True)
    own = [f"{key}={json.dumps(value)}" for key, value in different.items()]
    document = {
        "variant": cell.variant,
        "seed": cell.seed,
        "command": shlex.join(["python", "-m", "kerasseg", "train", *command, *own]),
        **_without_lists(scores.to_json()),
    }
    write_json(out / "cells" / f"{cell.name}.json", document, indent=1)


def _without_lists(scores: dict) -> dict:
    return {
        name: _without_lists(value) if isinstance(value, dict) else value
        for name, value in scores.items()
        if not isinstance(value, list)
        and not (isinstance(value, dict) and any(isinstance(v, list) for v in value.values()))
    }


def write_table(out: Path, scored: Sequence[tuple[str, int, CellScores]], *, title: str) -> None:
    """`table.json`, `.csv`, `.md` and `.svg`. scored: (variant, seed, scores) of each cell."""
    table = rows([(variant, seed, scores.summary()) for variant, seed, scores in scored])
    write_json(out / "table.json", to_json(table), indent=1)
    write_text(out / "table.csv", to_csv(table))
    write_text(out / "table.md", to_markdown(table))
    with writing(out / "table.svg") as temporary:
        draw(table, title=title).savefig(temporary, format="svg")
