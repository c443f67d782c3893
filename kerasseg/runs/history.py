"""`history.csv`: one row per epoch, with a column for each term of the objective."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_BEFORE = ("epoch", "stage", "crop_scale", "steps", "images_seen", "learning_rate", "loss")
_AFTER = ("val_miou", "val_pixel_accuracy", "images_per_second", "input_wait")


def history_columns(terms: Sequence[str]) -> tuple[str, ...]:
    """Names of the columns. terms: names of the objective's terms."""
    return (*_BEFORE, *terms, *_AFTER)


def history_text(rows: Iterable[Mapping[str, str]], *, terms: Sequence[str]) -> str:
    """The file's content. rows: every column as text. terms: see `history_columns`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, history_columns(terms), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def read_history(path: Path) -> tuple[tuple[str, ...], tuple[dict[str, str], ...]]:
    """(names of the terms, rows). Raises OSError, and ValueError for text that is not UTF-8."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = tuple(reader)
    known = history_columns(())
    return tuple(name for name in reader.fieldnames or () if name not in known), rows
