"""`labels.json` of a run and of an export: what has to be known of a model to use it."""

import json
import reprlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerasseg.data.working_scale import WorkingScale
from kerasseg.errors import UserError
from kerasseg.labels import LabelSet

UNCERTAINTY = "1 - the largest probability of a known class, Dropout taken into account"

# Beside `size`, [height, width] that the image is resized to: the layout of the input, the order of
# its channels, and what 0…255 is divided by.
PLAIN_INPUT = {"layout": "NCHW", "channels": "RGB", "divide_by": 255}


@dataclass(frozen=True)
class ModelDescription:
    """What a model answers, at which scale, and how it may be cut into tiles.

    label_set: its classes. working_size, native_size: (height, width) in pixels, what crops were
    resized to, and the size of the images, or its median. one_size: whether all images have that
    size. scale: working pixels per pixel of every image, or None: by its size, see WorkingScale.
    stride: deepest stride of the net, >= 1. reach: pixels of its input that an output pixel sees
    to each side, None if all of them. tile: longest side in pixels that is computed in one pass,
    where the scale is fixed. max_pixels: largest image that the signature `encoded` decodes.

    None in a run, known of an export alone: temperature, > 0, and unlabelled_above, in 0…1, or
    None there, too, see ServingGraph; plain_input, what is done to an image for the formats
    `onnx_plain` and `web`, see `PLAIN_INPUT`; kerasseg_version that wrote it; config_hash of the
    settings; run, the name of the run.
    """

    label_set: LabelSet
    working_size: tuple[int, int]
    native_size: tuple[int, int]
    stride: int
    reach: int | None
    tile: int
    max_pixels: int
    one_size: bool = True
    scale: float | None = None
    temperature: float | None = None
    unlabelled_above: float | None = None
    plain_input: Mapping[str, Any] | None = None
    kerasseg_version: str | None = None
    config_hash: str | None = None
    run: str | None = None

    @property
    def working_scale(self) -> WorkingScale:
        """The scale at which the model sees an image."""
        native = self.native_size if self.one_size else None
        return WorkingScale(self.working_size, native, self.scale)

    def at_scale(self, factor: float) -> "ModelDescription":
        """Of the same model, but an image is seen `factor` (> 0) times as large: by a fixed scale
        times it, else by a working size times it, in whole pixels."""
        if self.scale is not None:
            return replace(self, scale=self.scale * factor)
        height, width = (max(1, round(side * factor)) for side in self.working_size)
        return replace(self, working_size=(height, width))

    def to_json(self) -> dict[str, Any]:
        """Every field by its name, those of the label set among them, and for readers of the file
        what its uncertainty is, and what level 255 of a PNG of it stands for."""
        own = {name: getattr(self, name) for name in _VALUES}
        lists = {name: list(value) for name, value in own.items() if isinstance(value, tuple)}
        said = {"uncertainty": UNCERTAINTY, "uncertainty_scale": 1.0}
        return {**self.label_set.to_json(), **own, **lists, **said}

    def to_text(self) -> str:
        """The content of the file."""
        return json.dumps(self.to_json(), indent=2) + "\n"

    @classmethod
    def from_json(cls, data: Any, *, source: str) -> "ModelDescription":
        """The inverse of `to_json`. Raises UserError naming `source` for anything else."""
        if not isinstance(data, Mapping):
            raise UserError(f"{source}: not a description of a model, found {type(data).__name__}")
        try:
            label_set = LabelSet.from_json(data)
        except UserError as error:
            raise UserError(f"{source}: {error}") from None
        values = {}
        for name, (read, allowed) in _VALUES.items():
            if name not in data:
                raise UserError(f"{source}: the key '{name}' is missing")
            try:
                values[name] = read(data[name])
            except (TypeError, ValueError):
                value = reprlib.repr(data[name])
                raise UserError(f"{source}: {name}: found {value}, allowed: {allowed}") from None
        return cls(label_set=label_set, **values)

    @classmethod
    def from_text(cls, text: str, *, source: str) -> "ModelDescription":
        """Like `from_json`, of JSON text."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise UserError(f"{source}: not JSON ({error})") from None
        return cls.from_json(data, source=source)

    @classmethod
    def from_file(cls, path: Path) -> "ModelDescription":
        """Like `from_json`, of a file. Raises UserError also if it cannot be read."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot be read ({error})") from None
        return cls.from_text(text, source=str(path))


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError
    return value


def _size(value: Any) -> tuple[int, int]:
    height, width = value
    return _integer(height), _integer(width)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e30:
        raise ValueError
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value


def _share(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise ValueError
    return float(value)


def _plain_input(value: Any) -> dict[str, Any]:
    return {"size": [*_size(value["size"])], **PLAIN_INPUT}


def _or_null(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


# Key of the file -> how it is read (TypeError or ValueError for what is not allowed), and what is
# allowed. In the order of the file.
_VALUES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "working_size": (_size, "[height, width], integers >= 1"),
    "native_size": (_size, "[height, width], integers >= 1"),
    "one_size": (_switch, "true | false"),
    "scale": (_or_null(_number), "number > 0 | null"),
    "stride": (_integer, "integer >= 1"),
    "reach": (_or_null(_integer), "integer >= 1 | null"),
    "tile": (_integer, "integer >= 1"),
    "max_pixels": (_integer, "integer >= 1"),
    "temperature": (_or_null(_number), "number > 0 | null"),
    "unlabelled_above": (_or_null(_share), "number from 0 to 1 | null"),
    "plain_input": (_or_null(_plain_input), f"{{size: [height, width], {PLAIN_INPUT}}} | null"),
    "kerasseg_version": (_or_null(_text), "text | null"),
    "config_hash": (_or_null(_text), "text | null"),
    "run": (_or_null(_text), "text | null"),
}
