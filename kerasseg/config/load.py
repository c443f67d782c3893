"""Settings in and out: YAML file and `key=value` to Config, Config to YAML, and what differs.

The schema itself is in `kerasseg.config.schema`.
"""

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from kerasseg.config.contradictions import contradictions
from kerasseg.config.messages import COMMAND_LINE, describe
from kerasseg.config.schema import Config
from kerasseg.config.shipped import find_config
from kerasseg.config.training_settings import Stage
from kerasseg.config.words import (
    SETTINGS,
    Keys,
    dotted,
    inline,
    section_of,
    setting_values,
    suggestion,
)
from kerasseg.config.yaml_file import Document, NotYaml, SettingsDumper, parse_yaml, read_yaml
from kerasseg.errors import UserError

# A run may be resumed under another name, in another place, faster or with other by-products.
MAY_DIFFER_ON_RESUME = frozenset(
    {
        "name",
        "run_dir",
        "data.workers",
        "data.cache",
        "data.cache_dir",
        "train.distribute",
        "train.gpu_memory",
        "train.minutes",
        "train.save_every",
        "train.patience",
        "train.panels",
        "train.mlflow",
        "serving.max_pixels",
        "serving.tile",
    }
)


def load_config(path: Path | str | None, overrides: Sequence[str] = ()) -> Config:
    """Reads a settings file and puts `key=value` settings over it.

    path: YAML file, or the name of a shipped one; an empty file is fine. None: the defaults alone.
    overrides: such as "train.batch_size=4" or "data.max_images=null"; the value is YAML, and the
        last one given for a setting counts.
    Raises UserError with everything that is wrong, a line each: where it stands, the setting,
    what was found, what is allowed.
    """
    problems: list[str] = []
    document = Document()
    if path is not None:
        try:
            path = find_config(path)
            document = read_yaml(path)
        except UserError as error:
            problems.append(str(error))
    problems += [f"{path}:{line}: {text}" for line, text in document.problems]
    values = _sections(document, path, problems)
    given: set[Keys] = set()
    for item in overrides:
        try:
            keys, value = _override(item)
        except UserError as error:
            problems.append(f"{COMMAND_LINE}: {error}")
            continue
        target = values[keys[0]] if len(keys) == 2 else values
        target[keys[-1]] = value
        given.add(keys)

    def place(keys: Keys) -> str:
        return COMMAND_LINE if keys[:2] in given else f"{path}:{document.line(keys)}"

    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        problems += describe(error, values, place)
    else:
        problems += [f"{place(keys)}: {text}" for keys, text in contradictions(config)]
    if problems:
        raise UserError("\n".join(problems))
    return config


def _sections(document: Document, path: Path | str | None, problems: list[str]) -> dict:
    """The file's top mapping with every known section in it; what is no mapping is a problem."""
    top = document.value
    if top is not None and not isinstance(top, dict):
        allowed = "settings such as `seed: 0`, one a line"
        problems.append(f"{path}:{document.line(())}: found {inline(top)}, allowed: {allowed}")
        top = None
    values = dict(top or {})
    for name, field in Config.model_fields.items():
        if not section_of(field):
            continue
        section = values.get(name)
        if section is not None and not isinstance(section, dict):
            allowed = "a section, its settings indented under it"
            place = f"{path}:{document.line((name,))}"
            problems.append(f"{place}: {name}: found {inline(section)}, allowed: {allowed}")
            section = None
        values[name] = dict(section or {})  # `train:` with all its settings commented out is null
    return values


def _override(item: str) -> tuple[Keys, object]:
    """`train.batch_size=4` -> (("train", "batch_size"), 4). Raises UserError."""
    key, equals, text = item.partition("=")
    if not equals or not key:
        file = f"; did you mean --config {item}?" if item.endswith((".yaml", ".yml")) else ""
        hint = f"; did you mean {key}=VALUE?" if key in SETTINGS else file
        raise UserError(f"found {inline(item)}, allowed: key=value or an option{hint}")
    if key in Config.model_fields and key not in SETTINGS:
        first = next(name for name in SETTINGS if name.startswith(f"{key}."))
        raise UserError(f"{key}: a section, not a setting; its settings are {first} and so on")
    if key not in SETTINGS:
        raise UserError(f"{dotted((key,))}: no such setting{suggestion(key, SETTINGS)}")
    try:
        document = parse_yaml(text)
    except NotYaml as error:
        raise UserError(f"{key}: found {inline(text)}, {error}") from None
    if document.problems:
        raise UserError(f"{key}: {document.problems[0][1]}")
    return tuple(key.split(".")), document.value


def dump_config(config: Config) -> str:
    """YAML of all settings, in the order of the schema; load_config reads back an equal Config."""
    blocks = []
    for name, value in config.model_dump().items():
        block = yaml.dump({name: value}, Dumper=SettingsDumper, sort_keys=False, width=96)
        blocks.append(f"\n{block}" if isinstance(value, dict) else block)
    return "".join(blocks)


def differing_settings(a: Config, b: Config) -> list[str]:
    """The settings, as dotted names, in which a run of `a` cannot be continued with `b`.

    Settings that change no result (MAY_DIFFER_ON_RESUME) are left out; stages may get longer, and
    more of them may follow.
    """
    old, new = setting_values(a), setting_values(b)
    return [
        name
        for name in SETTINGS
        if name not in MAY_DIFFER_ON_RESUME
        and old[name] != new[name]
        and not (name == "train.stages" and _continues(a.train.stages, b.train.stages))
    ]


def _continues(old: Sequence[Stage], new: Sequence[Stage]) -> bool:
    return len(new) >= len(old) and all(
        n.crop_scale == o.crop_scale and n.epochs >= o.epochs
        for o, n in zip(old, new, strict=False)
    )
