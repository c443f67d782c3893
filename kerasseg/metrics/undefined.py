"""A score of nothing, such as the IoU of a class that does not occur: nan while it is computed,
null in JSON, a dash where people read it."""

import math
from typing import Any


def null_if_undefined(value: float) -> float | None:
    """`value` for JSON, which has no nan."""
    return None if math.isnan(value) else float(value)


def format_score(value: float | None, form: str = ".4f") -> str:
    """`value` for people. form: a format specification, of four decimals by default."""
    return "-" if value is None else f"{value:{form}}"


def read_number(value: Any) -> float | None:
    """A number or null of JSON. Raises ValueError for anything else."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(f"found {value!r}, allowed: number | null")
    return value
