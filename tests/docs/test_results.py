"""docs/results: the means, spreads and gains follow from the values of the seeds."""

import csv
import re
import statistics
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "results").glob("*.md"))


def values_by_variant(path: Path) -> dict[str, dict[str, list[float]]]:
    """{variant: {score: one value per seed}}, scores without a value left out."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    values: dict[str, dict[str, list[float]]] = {row["variant"]: {} for row in rows}
    for row in rows:
        for score, text in row.items():
            if score not in ("variant", "seed") and text:
                values[row["variant"]].setdefault(score, []).append(float(text))
    return values


def table_rows(text: str) -> list[tuple[list[str], str, list[str]]]:
    """(variants in the header, score, cells) of each row of a table of scores."""
    rows, header = [], []
    for line in text.splitlines():
        first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| | "):
            header = cells
        elif re.search(" [↑↓]$", first):
            rows.append((header, first[:-2], cells))
    return rows


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_tables_follow_from_the_values_of_the_seeds(page):
    values = values_by_variant(page.with_suffix(".csv"))
    base = next(iter(values))
    checked = 0
    for variants, score, cells in table_rows(page.read_text(encoding="utf-8")):
        for variant, cell in zip(variants, cells, strict=True):
            numbers = values[variant].get(score)
            if cell == "-":
                assert numbers is None
                continue
            if base not in variants:  # a table of gains
                pairs = zip(numbers, values[base][score], strict=True)
                numbers = [value - other for value, other in pairs]
            mean, *spread = [float(part) for part in cell.strip("*").split(" ± ")]
            rounding = 0.51 * 10.0 ** -len(re.search(r"\.(\d+)", cell)[1])
            assert mean == pytest.approx(statistics.mean(numbers), abs=rounding)
            assert len(spread) == (len(numbers) > 1)
            if spread:
                assert spread[0] == pytest.approx(statistics.stdev(numbers), abs=rounding)
            checked += 1
    assert checked > 20


def test_the_overview_repeats_the_tables():
    overview = (DOCS / "results.md").read_text(encoding="utf-8")
    pages = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    cells = re.findall(r"[+-]?\d\.\d+ ± \d\.\d+", overview)
    assert len(cells) > 150
    assert [cell for cell in cells if cell not in pages] == []
