"""A folder's own classes, read from a small YAML file.

    classes:                                               # in the order of trainIds
      - {name: road, id: 0, color: [128, 64, 128]}
      - {name: car, id: [1, 2], color: [0, 0, 142]}        # several ids may be one class
    void: {id: 255, color: [0, 0, 0]}                      # optional; one id or a list of ids
    labels: ids                                            # optional: ids | colors
    tolerance: 8                                           # optional, of colors: see below

A class has `name`, `id` (0 to 255) and `color` (RGB), and may have `category` (all or none).
With `labels: colors` the label PNGs hold the colours themselves: `id` may then be left out (it is
the place in the list), and `color` may be a list of colours, the first of which is shown.
`tolerance` is the largest Euclidean distance in RGB at which a pixel still has a colour; without it
colours have to be exact. It is less than half of the distance between the colours of two classes.
Without `void` no pixel of a label may be void: an id or colour that the file does not name is an
error, also 255. Void is then written as 255, or the highest id that no class has. With `labels:
colors` pixels of void need `void: {color: …}`.
A single class beside void is refused: pixels of void are not scored, so its false alarms would not
count. A binary task has two classes, one of which is the background.
"""

import math
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from kerasseg.config.words import inline
from kerasseg.config.yaml_file import NotYaml, parse_yaml
from kerasseg.errors import UserError
from kerasseg.labels import MAX_CLASSES, VOID, Color, LabelSet, Void


def read_label_file(path: Path, *, void: Void) -> LabelSet:
    """The classes that the YAML file at `path` declares, as a LabelSet named "folders".

    Raises UserError that names the file and the entry for whatever is wrong with it.
    """
    data = _load(path)
    try:
        return _Reader(data).label_set(void)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _load(path: Path) -> Any:
    try:
        document = parse_yaml(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError(f"{path}: not found; expected a YAML file with the classes") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except NotYaml as error:
        raise UserError(f"{path}{error.place}: {error}") from None
    for line, problem in document.problems:
        raise UserError(f"{path}:{line}: {problem}")
    return document.value


class _Reader:
    """The file's content, entry by entry; remembers what is taken."""

    def __init__(self, data: Any) -> None:
        self.data = _mapping(data, "the file", allowed=("classes", "void", "labels", "tolerance"))
        self.drawn_as = self.data.get("labels", "ids")
        if self.drawn_as not in ("ids", "colors"):
            raise UserError(f"labels: found {inline(self.drawn_as)}, allowed are ids and colors")
        self.names: dict[str, str] = {}  # each taken value -> the entry that has it
        self.ids: dict[int, str] = {}
        self.colors: dict[Color, str] = {}

    def label_set(self, void: Void) -> LabelSet:
        entries = self.data.get("classes")
        if not isinstance(entries, list) or not entries:
            raise UserError(
                f"classes: found {inline(entries)}, expected a list of at least one class"
            )
        if len(entries) > MAX_CLASSES:
            raise UserError(f"classes: {len(entries)} classes, allowed are {MAX_CLASSES}")
        names, palette, ids, categories = [], [], [], []
        id_to_train: dict[int, int] = {}
        color_to_train: dict[Color, int] = {}
        for train_id, entry in enumerate(entries):
            where = f"classes[{train_id}]"
            entry = _mapping(entry, where, allowed=("name", "id", "color", "category"))
            names.append(self._name(entry, where))
            where = f"{where} ({names[-1]})"
            default = train_id if self.drawn_as == "colors" else None
            own_ids = self._ids(entry.get("id", default), where)
            own_colors = self._colors(entry.get("color"), where)
            ids.append(own_ids[0])
            palette.append(own_colors[0])
            id_to_train |= dict.fromkeys(own_ids, train_id)
            color_to_train |= dict.fromkeys(own_colors, train_id)
            if "category" in entry:
                categories.append(_text(entry["category"], f"{where}: category"))
            if len(categories) not in (0, train_id + 1):
                raise UserError(f"{where}: category is given for some classes only")

        void_ids, void_colors = self._void()
        if len(names) == 1:
            raise UserError(self._two_classes(entries[0], void_ids, void_colors))
        color_to_train |= dict.fromkeys(void_colors, VOID)
        return LabelSet(
            dataset="folders",
            names=tuple(names),
            palette=tuple(palette),
            ids=tuple(ids),
            void_ids=void_ids,
            void_name="void",
            void_color=void_colors[0] if void_colors else (0, 0, 0),
            void=void,
            id_to_train=id_to_train,
            categories=tuple(categories),
            drawn_as=self.drawn_as,
            color_to_train=color_to_train if self.drawn_as == "colors" else {},
            color_tolerance=self._tolerance(color_to_train),
            void_declared="id" in (self.data.get("void") or {}),
        )

    def _two_classes(
        self, entry: dict, void_ids: tuple[int, ...], void_colors: tuple[Color, ...]
    ) -> str:
        """What to say of a file with one class: the file that a binary task needs."""
        declared = "id" in (self.data.get("void") or {})
        first = void_ids[0] if declared or 0 in self.ids else 0
        taken = self.colors.keys() - set(void_colors)
        free = next(color for color in ((0, 0, 0), (255, 255, 255)) if color not in taken)
        background = {
            "name": "other" if "background" in self.names else "background",
            "id": first,
            "color": list(void_colors[0] if void_colors else free),
        }
        own = {key: entry[key] for key in ("name", "id", "color") if key in entry}
        if self.drawn_as == "colors":
            del background["id"]
            own.pop("id", None)
        wanted = yaml.safe_dump(
            {"classes": [background, own]}, default_flow_style=True, width=10**6, sort_keys=False
        )
        return (
            f"classes: found one class ({inline(entry['name'])}) beside void; its false alarms "
            "would not count, since void is not scored. A binary task has two classes: "
            f"{wanted.strip()[1:-1]}"
        )

    def _tolerance(self, colors: dict[Color, int]) -> int:
        value = self.data.get("tolerance", 0)
        if "tolerance" in self.data and self.drawn_as == "ids":
            raise UserError("tolerance: is for `labels: colors` only")
        if not _is_byte(value):
            raise UserError(f"tolerance: found {inline(value)}, allowed are 0 to 255")
        for (one, first), (two, second) in combinations(colors.items(), 2):
            apart = math.dist(one, two)
            if value and first != second and 2 * value >= apart:
                most = math.ceil(apart / 2) - 1
                raise UserError(
                    f"tolerance: found {value}, allowed are 0 to {most}, since {list(one)} and "
                    f"{list(two)} are {apart:.1f} apart"
                )
        return value

    def _void(self) -> tuple[tuple[int, ...], tuple[Color, ...]]:
        entry = self.data.get("void")
        entry = {} if entry is None else _mapping(entry, "void", allowed=("id", "color"))
        free = next((i for i in range(255, -1, -1) if i not in self.ids), None)
        if "id" not in entry and free is None:
            raise UserError("classes: all ids are taken, one must be left for void")
        void_ids = self._ids(entry.get("id", free), "void")
        return void_ids, self._colors(entry["color"], "void") if "color" in entry else ()

    def _name(self, entry: dict, where: str) -> str:
        name = _text(entry.get("name"), f"{where}: name")
        return _take(name, self.names, where, "name")

    def _ids(self, value: Any, where: str) -> tuple[int, ...]:
        values = value if isinstance(value, list) else [value]
        if not values or not all(_is_byte(v) for v in values):
            raise UserError(
                f"{where}: id is {inline(value)}, allowed are 0 to 255 or a list of them"
            )
        return tuple(_take(v, self.ids, where, "id") for v in values)

    def _colors(self, value: Any, where: str) -> tuple[Color, ...]:
        several = isinstance(value, list) and value and isinstance(value[0], list)
        if several and self.drawn_as == "ids":
            raise UserError(f"{where}: several colours are for `labels: colors` only")
        return tuple(self._color(v, where) for v in (value if several else [value]))

    def _color(self, value: Any, where: str) -> Color:
        if not (isinstance(value, list) and len(value) == 3 and all(_is_byte(v) for v in value)):
            raise UserError(f"{where}: color is {inline(value)}, expected [R, G, B], each 0 to 255")
        return _take(tuple(value), self.colors, where, "color")


def _take(value: Any, taken: dict, where: str, what: str) -> Any:
    if value in taken:
        shown = list(value) if isinstance(value, tuple) else value
        raise UserError(f"{where}: {what} {inline(shown)} is taken by {taken[value]}")
    taken[value] = where
    return value


def _mapping(value: Any, where: str, *, allowed: tuple[str, ...]) -> dict:
    if not isinstance(value, dict):
        raise UserError(f"{where}: found {inline(value)}, expected the keys {', '.join(allowed)}")
    for key in value:
        if key not in allowed:
            close = get_close_matches(str(key), allowed, n=1)
            hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(allowed)}"
            raise UserError(f"{where}: unknown key {inline(key)}; {hint}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where} is {inline(value)}, expected text (put it in quotes)")
    if not value.strip().isprintable():  # it would steer a terminal, or break a line of a table
        raise UserError(f"{where} is {inline(value)}, expected text without control characters")
    return value.strip()


def _is_byte(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 255
