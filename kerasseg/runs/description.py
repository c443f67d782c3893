"""What a predictor has to know of a model: its labels, its working scale, when to tile."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasseg.errors import UserError
from kerasseg.labels import LabelSet


@dataclass(frozen=True)
class Description:
    """The part of an export's labels.json that inference reads.

    working_size, native_size: (height, width); their ratio is the working scale, by axis.
    depth: poolings of the U-Net. tile: pixels a side above which an image is computed in tiles.
    uncertainty_scale: uncertainty that is drawn brightest, > 0, squared logits; None: unknown.
    """

    label_set: LabelSet
    working_size: tuple[int, int]
    native_size: tuple[int, int]
    depth: int
    tile: int
    uncertainty_scale: float | None = None

    @classmethod
    def from_json(cls, data: Any, *, source: str) -> "Description":
        """`data` as read from JSON. Raises UserError naming `source` for anything else."""
        if not isinstance(data, Mapping):
            raise UserError(f"{source}: not a description of a model, found {type(data).__name__}")
        try:
            label_set = LabelSet.from_json(data)
        except UserError as error:
            raise UserError(f"{source}: {error}") from None
        try:
            return cls(
                label_set=label_set,
                working_size=_size(data["working_size"]),
                native_size=_size(data["native_size"]),
                depth=_whole(data["depth"]),
                tile=_whole(data["tile"]),
                uncertainty_scale=_positive(data["uncertainty_scale"]),
            )
        except KeyError as error:
            raise UserError(f"{source}: the key {error} is missing") from None
        except (TypeError, ValueError) as error:
            raise UserError(f"{source}: not a description of a model ({error})") from None

    @classmethod
    def from_text(cls, text: str, *, source: str) -> "Description":
        """Like `from_json`, of JSON text."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise UserError(f"{source}: not JSON ({error})") from None
        return cls.from_json(data, source=source)

    @classmethod
    def from_file(cls, path: Path) -> "Description":
        """Like `from_json`, of a file. Raises UserError also if it cannot be read."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot be read ({error})") from None
        return cls.from_text(text, source=str(path))


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"found {value!r}, allowed: integer >= 1")
    return value


def _size(value: Any) -> tuple[int, int]:
    height, width = value
    return _whole(height), _whole(width)


def _positive(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e30:
        raise ValueError(f"found {value!r}, allowed: number > 0")
    return float(value)
