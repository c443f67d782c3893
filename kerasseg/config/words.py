"""Settings in words: what is allowed, what was found, what was probably meant."""

import difflib
import json
import reprlib
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from kerasseg.config.schema import Config
from kerasseg.config.setting_types import Allowed

Keys = tuple[str | int, ...]  # down to a value: ("train", "stages", 0, "epochs")


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The model of a field that holds further settings (`train`); None for a value (`seed`)."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _each_setting() -> Iterator[tuple[str, FieldInfo]]:
    for name, field in Config.model_fields.items():
        if section := section_of(field):
            for key, inner in section.model_fields.items():
                yield f"{name}.{key}", inner
        else:
            yield name, field


# Dotted name -> field of every setting, in the order of the schema; no sections.
SETTINGS: Mapping[str, FieldInfo] = types.MappingProxyType(dict(_each_setting()))


def setting_values(config: Config) -> dict[str, Any]:
    """Dotted name -> value, in the order of the schema; lists are tuples, a stage is a dict."""
    values: dict[str, Any] = {}
    for name, value in config.model_dump().items():
        if section_of(Config.model_fields[name]):
            values |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            values[name] = value
    return values


def allowed_text(field: FieldInfo) -> str:
    """What a setting takes, as the help and the errors say it: `integer >= 1 | null`."""
    return " | ".join(_alternatives(field.annotation, field.metadata))


def choices(field: FieldInfo) -> list[str]:
    """The words a setting chooses from; empty if it is no choice."""
    options = [field.annotation, *get_args(field.annotation)]
    return [word for o in options if get_origin(o) is Literal for word in get_args(o)]


def _alternatives(annotation: Any, metadata: Sequence[Any]) -> list[str]:
    origin = get_origin(annotation)
    if origin is Annotated:
        annotation, *inner = get_args(annotation)
        return _alternatives(annotation, [*inner, *metadata])
    if origin in (Union, types.UnionType):
        return [text for part in get_args(annotation) for text in _alternatives(part, metadata)]
    if origin is Literal:
        return [str(word) for word in get_args(annotation)]
    if annotation is type(None):
        return ["null"]
    if annotation is bool:
        return ["true", "false"]
    said = [m.text for m in metadata if isinstance(m, Allowed)]
    if said:
        return said[:1]
    if annotation is int:
        return [_integers(metadata)]
    if annotation is float:
        return [_numbers(metadata)]
    raise TypeError(f"no words for {annotation}: give the setting an Allowed(…)")


def _integers(metadata: Sequence[Any]) -> str:
    low = next(m.ge for m in metadata if isinstance(m, Ge))
    high = next((m.le for m in metadata if isinstance(m, Le)), None)
    return f"integer >= {low}" if high is None else f"integer from {low} to {high}"


def _numbers(metadata: Sequence[Any]) -> str:
    bounds = {type(m): m for m in metadata}
    above = Gt in bounds
    low = bounds[Gt].gt if above else bounds[Ge].ge
    if Lt in bounds or Le in bounds:
        high = f"< {bounds[Lt].lt}" if Lt in bounds else f"<= {bounds[Le].le}"
        return f"number, {low} {'<' if above else '<='} x {high}"
    return f"number {'>' if above else '>='} {low}"


class _Inline(reprlib.Repr):
    """A value on one line as YAML would have it; long and deep ones are cut."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxdict = 3, 8, 8
        self.maxstring, self.maxlong = 60, 40

    def repr_bool(self, value: bool, level: int) -> str:
        return json.dumps(value)

    def repr_NoneType(self, value: None, level: int) -> str:
        return "null"

    def repr_str(self, value: str, level: int) -> str:
        cut = value if len(value) <= self.maxstring else value[: self.maxstring] + "..."
        return json.dumps(cut, ensure_ascii=not cut.isprintable())

    def repr_list(self, value: Sequence[Any], level: int) -> str:
        if level <= 0:
            return "[...]"
        items = [self.repr1(v, level - 1) for v in value[: self.maxlist]]
        return f"[{', '.join(items + ['...'] * (len(value) > self.maxlist))}]"

    def repr_tuple(self, value: tuple, level: int) -> str:
        return self.repr_list(value, level)

    def repr_dict(self, value: dict, level: int) -> str:
        if level <= 0:
            return "{...}"
        items = [
            f"{_bare(k) or self.repr1(k, level - 1)}: {self.repr1(v, level - 1)}"
            for k, v in list(value.items())[: self.maxdict]
        ]
        return "{" + ", ".join(items + ["..."] * (len(value) > self.maxdict)) + "}"


def _bare(key: object) -> str | None:
    return key if isinstance(key, str) and key.isidentifier() and len(key) <= 40 else None


def inline(value: object) -> str:
    """A value on one line: `null`, `true`, `"text"`, `[128, 256]`, `{epochs: 8}`; at most 300
    characters, however it is nested."""
    text = _Inline().repr(value)
    return text if len(text) <= 300 else f"{text[:297]}..."


def dotted(keys: Keys) -> str:
    """("train", "stages", 0, "epochs") -> train.stages[0].epochs"""
    text = "".join(f".{_key(k)}" if isinstance(k, str) else f"[{inline(k)}]" for k in keys)
    return text.removeprefix(".")


def _key(key: str) -> str:
    return key if key.isprintable() and 0 < len(key) <= 60 else inline(key)


def suggestion(word: object, known: Iterable[str]) -> str:
    """`; did you mean train.batch_size?`, or nothing if no known word is near."""
    near = nearest(word, list(known)) if isinstance(word, str) else None
    return f"; did you mean {near}?" if near else ""


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word, or dotted name, that `word` was probably meant to be."""
    word = word.lower()
    leaf = _leaf(word)
    # The right name in the wrong section (or in none), then a slip of the finger, then a name
    # like it: the whole names alone would make anything in a long-named section look near.
    same = [k for k in known if _leaf(k) == leaf]
    close = set(difflib.get_close_matches(leaf, {_leaf(k) for k in known}, n=8))
    for candidates, cutoff in (
        (same, 0.0),
        (known, 0.88),
        ([k for k in known if _leaf(k) in close], 0.0),
    ):
        if near := difflib.get_close_matches(word, candidates, n=1, cutoff=cutoff):
            return near[0]
    return None


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]
