"""A score of nothing, such as the IoU of a class that does not occur: nan while it is computed,
null in JSON, a dash where people read it."""

import math


def null_if_undefined(value: float) -> float | None:
    """`value` for JSON, which has no nan."""
    return None if math.isnan(value) else float(value)


def format_score(value: float | None, form: str = ".4f") -> str:
    """`value` for people. form: a format specification, of four decimals by default."""
    return "-" if value is None else f"{value:{form}}"
