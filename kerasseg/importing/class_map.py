"""The classes that are written: those of the source, some merged or dropped by a small file.

car: vehicle          # source class: class to write; several of one name are merged
truck: vehicle
ego vehicle: void     # unlabelled
watermark: null       # as if it had not been drawn
"*": void             # all others; without this line they stay as they are
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kerasseg.config.words import inline, suggestion
from kerasseg.config.yaml_file import read_yaml
from kerasseg.errors import UserError
from kerasseg.importing.source import BACKGROUND, Ids, SourceClass
from kerasseg.labels import MAX_CLASSES, VOID, Color

_OTHERS = "*"
_VOID_NAME = "void"


@dataclass(frozen=True)
class ClassPlan:
    """names, colors: of the classes that are written, in the order of their ids. ids: see `Ids`."""

    names: tuple[str, ...]
    colors: tuple[Color, ...]
    ids: Ids


def read_class_map(path: Path) -> dict[str, str | None]:
    """The mapping file. Raises UserError that names the file and the line."""
    document = read_yaml(path)
    for line, problem in document.problems:
        raise UserError(f"{path}:{line}: {problem}")
    value = document.value
    if not isinstance(value, dict) or not value:
        raise UserError(
            f"{path}: found {inline(value)}, expected lines such as `truck: vehicle`, each a class "
            "and what it becomes"
        )
    for key, target in value.items():
        line = document.line((str(key),))
        if not isinstance(key, str):
            raise UserError(f"{path}:{line}: {inline(key)} is no text; put it in quotes")
        if target is not None and not (isinstance(target, str) and target.strip()):
            raise UserError(
                f"{path}:{line}: {inline(key)} becomes {inline(target)}, expected the name of a "
                "class, void or null"
            )
    return value


def plan_classes(
    classes: Sequence[SourceClass], mapping: dict[str, str | None], *, where: Path | None = None
) -> ClassPlan:
    """What each class of the source is written as, numbered from 0 in the order of `classes`.

    where: the file of the mapping, for messages. Raises UserError for a class in the mapping that
    the source does not have, and for more classes than labels can hold.
    """
    known = [entry.name for entry in classes]
    for name in mapping:
        if name not in known and name != _OTHERS:
            listed = suggestion(name, known) or f"; the source has {', '.join(known[:8])}"
            raise UserError(f"{where}: {inline(name)} is no class of the source{listed}")
    colors: dict[str, Color | None] = {}
    targets: dict[str, str | None] = {}
    for entry in classes:
        own = _VOID_NAME if entry.void else entry.name
        # "*" is about what people drew, not about what is left between the shapes.
        others = own if entry.void or entry.name == BACKGROUND else mapping.get(_OTHERS, own)
        target = mapping.get(entry.name, others)
        targets[entry.name] = target
        if target is not None and target != _VOID_NAME:
            color = colors.get(target)
            colors[target] = color if color is not None else entry.color
    if len(colors) > MAX_CLASSES:
        raise UserError(
            f"the source has {len(colors)} classes, allowed are {MAX_CLASSES}; merge or drop some "
            "with --map"
        )
    ids = {name: place for place, name in enumerate(colors)}
    return ClassPlan(
        names=tuple(colors),
        colors=distinct_colors(tuple(colors), list(colors.values())),
        ids={
            name: None if target is None else ids.get(target, VOID)
            for name, target in targets.items()
        },
    )


def voc_color(number: int) -> Color:
    """Entry `number` of the Pascal VOC colour map: bits 0, 3, 6 … are red's highest bits first."""
    rgb = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            rgb[channel] |= (number >> (3 * bit + channel) & 1) << (7 - bit)
    return rgb[0], rgb[1], rgb[2]


def distinct_colors(names: Sequence[str], colors: Sequence[Color | None]) -> tuple[Color, ...]:
    """One for each name, none twice: those given as far as they go, then those of Pascal VOC."""
    taken: dict[Color, int] = {}
    for place, color in enumerate(colors):
        if color is not None:
            taken.setdefault(color, place)
    result = []
    numbers = iter(range(1, 4096))
    for place, color in enumerate(colors):
        if color is None and names[place] == BACKGROUND and (0, 0, 0) not in taken:
            color = (0, 0, 0)
            taken[color] = place
        if color is None or taken[color] != place:
            color = next(c for c in map(voc_color, numbers) if c not in taken)
            taken[color] = place
        result.append(color)
    return tuple(result)
