"""YAML as settings files want it: YAML 1.2 numbers, no key twice, every value with its line.

PyYAML reads YAML 1.1: `1e-3` is text there, `010` is eight, `no` is false and `2024-05-01` a date.
Here they are 0.001, text, text and text, as in the core schema of YAML 1.2.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import yaml

from kerasseg.config.words import Keys, dotted
from kerasseg.errors import UserError

WANTED = "a settings file in YAML"

# Tag -> (pattern, first characters), as PyYAML wants them.
CORE_SCHEMA = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}


class SettingsLoader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[str, list]] = {}  # none of those of YAML 1.1


class SettingsDumper(yaml.SafeDumper):
    """SafeDumper that quotes what YAML 1.1 or 1.2 would not read as text."""


for _tag, (_pattern, _first) in CORE_SCHEMA.items():
    for _class in (SettingsLoader, SettingsDumper):
        _class.add_implicit_resolver(
            f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first
        )


def _represent_tuple(dumper: yaml.SafeDumper, value: tuple) -> yaml.Node:
    """[128, 256] on one line; of mappings, one a line."""
    node = dumper.represent_sequence("tag:yaml.org,2002:seq", value)
    mappings = [item for item in node.value if isinstance(item, yaml.MappingNode)]
    node.flow_style = not mappings
    for item in mappings:
        item.flow_style = True
    return node


SettingsDumper.add_representer(tuple, _represent_tuple)


@dataclass
class Document:
    """One YAML document.

    value: what it says; None if it is empty.
    lines: keys and indices down to a value -> its line, from 1.
    problems: (line, text) of every key that is given twice.
    """

    value: object = None
    lines: dict[Keys, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def line(self, keys: Keys) -> int:
        """Line of a value, or of what it is missing from."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)


class NotYaml(ValueError):
    """Text that cannot be read as YAML: why, and where (line and column from 1, or nothing)."""

    def __init__(self, reason: object, mark: yaml.Mark | None = None) -> None:
        super().__init__(f"not valid YAML: {' '.join(str(reason).split())}")
        self.place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""


def parse_yaml(text: str) -> Document:
    """Reads one YAML document. Raises NotYaml."""
    try:
        loader = SettingsLoader(text)
        node = loader.get_single_node()
        document = Document()
        if node is not None:
            document.lines[()] = node.start_mark.line + 1
            _walk(node, (), document, set())
            document.value = loader.construct_document(node)
        return document
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(error.problem or error.context, mark) from None
    except RecursionError:
        raise NotYaml("nested too deeply") from None
    except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:
        # A control character, more than 4300 digits, a tag (!!int, !!timestamp) on what is none.
        raise NotYaml(error) from None


def read_yaml(path: Path) -> Document:
    """Reads a YAML file. Raises UserError, naming the file."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: no UTF-8 text (byte {error.start}), allowed: {WANTED}") from None
    except OSError as error:  # a directory, no permission
        raise UserError(f"{path}: {error.strerror or error}, allowed: {WANTED}") from None
    except NotYaml as error:
        raise UserError(f"{path}{error.place}: {error}") from None


def _walk(node: yaml.Node, path: Keys, document: Document, seen: set[int]) -> None:
    """Notes the line of every value and the keys given twice; an alias may lead in a circle."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            document.lines[(*path, index)] = item.start_mark.line + 1
            _walk(item, (*path, index), document, seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = key.value if isinstance(key, yaml.ScalarNode) else str(key.start_mark.index)
            inner = (*path, name)
            if name in first:
                text = f"{dotted(inner)}: given twice, first in line {first[name]}"
                document.problems.append((line, text))
            first.setdefault(name, line)
            document.lines[inner] = line
            _walk(value, inner, document, seen)
