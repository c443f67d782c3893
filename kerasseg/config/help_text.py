"""The list of all settings that `--help` prints."""

import textwrap

from kerasseg.config.schema import Config
from kerasseg.config.words import SETTINGS, allowed_text, inline, section_of, setting_values

COLUMN = 34  # where it says what a setting takes
INTRODUCTION = """\
settings:
  Shown with their defaults, what they take (x is the value) and what they mean.
  `train.batch_size=4` on the command line is, in the YAML file,

    train:
      batch_size: 4

  The command line overrides the file, and the file the defaults; given twice on
  the command line, the last one counts. A value is YAML; quote what your shell
  would take apart: 'train.stages=[{crop_scale: 0.6, epochs: 2}]'
"""


def settings_help(width: int = 80) -> str:
    """Every setting with default, range and meaning, a block for each section.

    width: columns to fill at most; under 60 they are 60.
    """
    width = max(width, 60)
    defaults = setting_values(Config())
    blocks: dict[str, list[str]] = {}
    for name, field in SETTINGS.items():
        entry = _entry(name, defaults[name], allowed_text(field), field.description or "", width)
        blocks.setdefault(name.rpartition(".")[0], []).append(entry)
    sections = [f"{_heading(section)}\n" + "".join(rows) for section, rows in blocks.items()]
    return "\n".join([INTRODUCTION, *sections])


def _heading(section: str) -> str:
    model = section_of(Config.model_fields[section]) if section else Config
    meaning = str(model.__doc__).splitlines()[0].rstrip(".")
    text = f"{section}: {meaning[0].lower()}{meaning[1:]}" if section else meaning
    return f"{text}\n{'-' * len(text)}\n"


def _entry(name: str, default: object, allowed: str, meaning: str, width: int) -> str:
    setting = f"  {name}={default if isinstance(default, str) else inline(default)}"
    if len(setting) <= COLUMN - 2:
        head = _fill(allowed, width, first=f"{setting:<{COLUMN}}", rest=" " * COLUMN)
    else:
        head = _fill(setting, width, first="  ", rest=" " * 6)
        head += "\n" + _fill(allowed, width, first=" " * COLUMN, rest=" " * COLUMN)
    return f"{head}\n{_fill(meaning, width, first=' ' * 6, rest=' ' * 6)}\n"


def _fill(text: str, width: int, *, first: str, rest: str) -> str:
    return textwrap.fill(
        text.strip(),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
