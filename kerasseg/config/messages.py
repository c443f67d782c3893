"""What pydantic found wrong, as lines for the user: place, setting, found, allowed."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from kerasseg.config.schema import Config
from kerasseg.config.training_settings import Stage
from kerasseg.config.words import (
    SETTINGS,
    Keys,
    allowed_text,
    choices,
    dotted,
    inline,
    suggestion,
)

COMMAND_LINE = "command line"
_MISSING = object()


def describe(error: ValidationError, values: dict, place: Callable[[Keys], str]) -> list[str]:
    """One line for each setting that is wrong.

    values: what was validated. place: says where the value under these keys comes from.
    """
    lines: dict[Keys, str] = {}
    for problem in error.errors(include_url=False, include_context=False):
        keys = problem["loc"]
        if problem["type"] in ("extra_forbidden", "invalid_key"):
            lines[keys] = f"{place(keys)}: {_unknown(keys)}"
        else:
            keys, field = _setting(keys)
            value = _value(values, keys)
            text = f"{place(keys)}: {dotted(keys)}: {_refused(value, field)}"
            if problem["type"] == "string_type" and isinstance(value, int | float):
                quoted = f'"{inline(value)}"'  # which the shell would eat
                text += f"; as text: {repr(quoted) if place(keys) == COMMAND_LINE else quoted}"
            lines.setdefault(keys, text)
    return list(lines.values())


def _unknown(keys: Keys) -> str:
    name = dotted(keys)
    if len(keys) > 2:  # in a stage
        return f"{name}: no such setting{suggestion(keys[-1], Stage.model_fields)}"
    known = SETTINGS if len(keys) == 2 else [*SETTINGS, *Config.model_fields]
    return f"{name}: no such setting{suggestion(name, known)}"


def _refused(value: object, field: FieldInfo) -> str:
    found = "missing" if value is _MISSING else f"found {inline(value)}"
    near = suggestion(value, choices(field))
    return f"{found}, allowed: {allowed_text(field)}{near}"


def _setting(keys: Keys) -> tuple[Keys, FieldInfo]:
    """The setting that an error lies in: pydantic may point to an item of it, or a type."""
    if keys[:2] == ("train", "stages") and len(keys) > 3:
        return keys[:4], Stage.model_fields[str(keys[3])]
    length = 1 if keys[0] in SETTINGS else 2
    return keys[:length], SETTINGS[".".join(map(str, keys[:length]))]


def _value(values: Any, keys: Keys) -> object:
    for key in keys:
        if isinstance(values, dict) and key not in values:
            return _MISSING
        values = values[key]
    return values
