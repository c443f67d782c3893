"""What an export holds, once a reader has looked through it and before a label is drawn.

A reader knows where a tool puts things and what its numbers mean; everything behind it is the same
for all tools.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from PIL import Image

from kerasseg.data.label_png import colors_of, ids_of, read_png_header
from kerasseg.errors import UserError
from kerasseg.importing.shapes import Shape
from kerasseg.labels import VOID, Color

BACKGROUND = "background"  # the class of what no shape covers, where the tool means it as one

# Class of the source -> written label id, VOID, or None: as if it had not been drawn.
Ids = Mapping[str, int | None]
Size = tuple[int, int]  # height, width


@dataclass
class Drawn:
    """A label: uint8 (H, W) written ids. unknown: pixels or shapes of each undeclared class, which
    are VOID. outside: shapes that reach beyond the image."""

    label: np.ndarray
    unknown: Counter[str] = field(default_factory=Counter)
    outside: int = 0


class Label(Protocol):
    """One label that is not drawn yet."""

    def draw(self, ids: Ids, *, rest: int, size: Size) -> Drawn:
        """rest: the id of what nothing covers. size: of the upright image, used if the label has
        none of its own. Raises UserError for a file that cannot be read."""
        ...


@dataclass(frozen=True)
class ShapesLabel:
    """Shapes in the order in which they are painted, later over earlier. size: as the tool says."""

    shapes: Sequence[Shape]
    size: Size | None = None

    def draw(self, ids: Ids, *, rest: int, size: Size) -> Drawn:
        if self.size is not None:
            if self.size not in (size, size[::-1]):  # before memory is taken for it
                raise UserError(misfit(size, self.size))
            size = self.size
        drawn = Drawn(np.full(size, rest, np.uint8))
        for shape in self.shapes:
            label_id = ids.get(shape.name, VOID)
            if shape.name not in ids:
                drawn.unknown[shape.name] += 1
            if label_id is not None:
                shape.refuse_extremes()
                drawn.outside += shape.reaches_beyond(size)
                drawn.label[shape.mask(size)] = label_id
        return drawn


def misfit(size: Size, label_size: Size) -> str:
    """What is said of a label of another size than its upright image."""
    return f"{size[1]} x {size[0]} pixels, but its label has {label_size[1]} x {label_size[0]}"


@dataclass(frozen=True)
class MaskLabel:
    """A PNG of class values.

    names: value -> class; None is void, and so is a value that is missing here, which is counted.
    holds: what a pixel is: the value itself ("ids"), R * 65536 + G * 256 + B ("colors"), a panoptic
    segment, R + G * 256 + B * 65536 ("segments"), or value * 256 + instance ("instances").
    """

    path: Path
    names: Mapping[int, str | None]
    holds: Literal["ids", "colors", "segments", "instances"] = "ids"

    def draw(self, ids: Ids, *, rest: int, size: Size) -> Drawn:
        values, places = np.unique(self._read(), return_inverse=True)
        table = np.full(len(values), VOID, np.uint8)
        unknown = []
        for place, value in enumerate(values.tolist()):
            name = self.names.get(value)
            if value not in self.names:
                unknown.append(place)
            elif name is not None:
                label_id = ids[name]
                table[place] = rest if label_id is None else label_id
        drawn = Drawn(table[places])
        if unknown:
            counts = np.bincount(places.ravel(), minlength=len(values))
            drawn.unknown.update(
                {self._shown(int(values[place])): int(counts[place]) for place in unknown}
            )
        return drawn

    def _shown(self, value: int) -> str:
        if self.holds != "colors":
            return str(value)
        return f"colour {value >> 16},{value >> 8 & 255},{value & 255}"

    def _read(self) -> np.ndarray:
        try:
            with open(self.path, "rb") as file:
                header = read_png_header(file)
                if header is None:
                    raise UserError(
                        f"{self.path}: not a PNG file; others, such as JPEG, change label values"
                    )
                file.seek(0)
                with Image.open(file, formats=("PNG",)) as image:
                    if self.holds in ("colors", "segments"):
                        packed = colors_of(image)
                        if self.holds == "colors":
                            return packed
                        return packed >> 16 | packed & 0xFF00 | (packed & 255) << 16
                    if header.kind not in ("gray", "palette"):
                        raise UserError(f"{self.path}: {header.kind}, expected one channel")
                    values = ids_of(image, header.bits)
                    return values >> 8 if self.holds == "instances" else values
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            if isinstance(error, UserError):
                raise
            reason = getattr(error, "strerror", None) or str(error)
            raise UserError(f"{self.path}: cannot be read ({reason})") from None


def class_name(name: object) -> str:
    """A class as a tool calls it; `_background_` and its like are BACKGROUND."""
    text = " ".join(str(name).split())
    return BACKGROUND if text.strip("_").casefold() == BACKGROUND else text


@dataclass(frozen=True)
class SourceClass:
    """color: of the tool, if it has one. void: a class that means unlabelled."""

    name: str
    color: Color | None = None
    void: bool = False


@dataclass(frozen=True)
class Labelled:
    """An image and its label. name: its path in the source, without suffix, "/" between folders.

    image: a file, or the bytes of one. split: "train", "val", "test"; None if the source has none.
    empty: the tool lists the image, but nothing is drawn on it.
    """

    name: str
    image: Path | bytes
    label: Label
    split: str | None = None
    empty: bool = False


@dataclass(frozen=True)
class Source:
    """classes: in the order in which they are numbered, BACKGROUND among them if `rest` is that.

    rest: class of the pixels that no shape covers; None: void. no_label: images that have none.
    no_image: labels that have none. problems: what could not be read, a line each. notes: what a
    person should know.
    """

    classes: tuple[SourceClass, ...]
    pairs: tuple[Labelled, ...]
    rest: str | None = None
    no_label: tuple[str, ...] = ()
    no_image: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def without_empty(source: Source) -> Source:
    """Images on which nothing is drawn count as unlabelled: nobody may have come to them yet."""
    kept = tuple(pair for pair in source.pairs if not pair.empty)
    empty = tuple(pair.name for pair in source.pairs if pair.empty)
    return replace(source, pairs=kept, no_label=source.no_label + empty)
