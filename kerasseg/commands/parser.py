"""The argument parser of every command: words in any order, typos named, nothing abbreviated.

TensorFlow is not imported here: `--help` and a mistyped setting answer at once.
"""

import argparse
import math
import shutil
from collections.abc import Callable, Sequence
from typing import NoReturn

from kerasseg.config.help_text import settings_help
from kerasseg.config.schema import Config
from kerasseg.config.shipped import shipped_configs
from kerasseg.config.words import SETTINGS, suggestion
from kerasseg.errors import UserError

_LARGEST_SCALE = 4  # sixteen times the pixels
_WIDEST = 100  # columns that the list of settings fills at most


class CommandParser(argparse.ArgumentParser):
    """ArgumentParser that raises UserError and never completes half an option."""

    def __init__(self, prog: str, description: str = "") -> None:
        self._takes_settings = False
        super().__init__(
            prog=prog,
            description=description.strip(),
            allow_abbrev=False,
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument("-h", "--help", action="help", help="show this and stop")

    def add_config(self, *, default: str | None = None, required: bool = True) -> None:
        """Adds `--config FILE`, required if there is no default, unless told.

        The parsed name is `config` (str), for load_config.
        """
        names = ", ".join(shipped_configs())
        self.add_argument(
            "--config",
            metavar="FILE",
            default=default,
            required=required and default is None,
            help=f"settings in YAML, or the name of a shipped file: {names}"
            + (" (default: %(default)s)" if default else ""),
        )

    def add_views(self) -> None:
        """Adds `--scales` (tuple of float) and `--flip` (bool), for open_views."""
        self.add_argument(
            "--scales",
            type=_scales,
            metavar="S,...",
            default=(1.0,),
            help="average over the image at these scales, such as 0.75,1,1.25; other than 1 for "
            "runs only (default: 1)",
        )
        self.add_argument(
            "--flip", action="store_true", help="average over the image and its mirror image"
        )

    def add_settings(self, help_text: str = "a setting, as listed below") -> None:
        """Adds `key=value ...`, to be called after all other positional arguments, which are `str`.

        The parsed name is `settings` (list of str), for load_config. `--help` lists all settings.
        """
        self.add_argument("settings", nargs="*", metavar="key=value", help=help_text)
        self._takes_settings = True

    def format_help(self) -> str:
        if self._takes_settings:
            self.epilog = settings_help(min(shutil.get_terminal_size().columns, _WIDEST))
        return super().format_help()

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parses words and options in any order. Raises UserError, a line a problem."""
        args, unknown = self.parse_known_intermixed_args(argv)
        self.refuse(unknown)
        if self._takes_settings:
            self._put_settings_last(args)
        return args

    def refuse(self, unknown: Sequence[str]) -> None:
        """Raises UserError if there are words that the parser does not know."""
        # A word behind an unknown option may be its value.
        options = [word for word in unknown if word.startswith("-")]
        if unknown:
            raise UserError("\n".join(self._unknown(word) for word in options or unknown))

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message.removeprefix('argument ')} (see {self.prog} --help)")

    def _put_settings_last(self, args: argparse.Namespace) -> None:
        """Settings may stand before MODEL and its like, which argparse tells by their place."""
        places = [
            action.dest
            for action in self._actions
            if action.nargs is None and not action.option_strings
        ]
        words = [getattr(args, name) for name in places] + args.settings
        words.sort(key=_is_setting)
        for name, word in zip(places, words, strict=False):
            if _is_setting(word):
                self.error(f"the following arguments are required: {name.upper()}")
            setattr(args, name, word)
        args.settings = words[len(places) :]

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word}: one argument too many (see {self.prog} --help)"
        if word.lstrip("-").partition("=")[0] in SETTINGS:
            return f"{word}: no such option; did you mean {word.lstrip('-')}?"
        option = word.partition("=")[0]
        known = [name for action in self._actions for name in action.option_strings]
        return f"{option}: no such option{suggestion(option, known)}"


def _is_setting(word: str) -> bool:
    """Whether the word is `key=value`, with a key that is known or in a known section."""
    key, equals, _ = word.partition("=")
    section, dot, _ = key.partition(".")
    return bool(equals) and (key in SETTINGS or (bool(dot) and section in Config.model_fields))


def whole_number(low: int, high: int | None = None) -> Callable[[str], int]:
    """A `type=` for add_argument: an integer from `low` to `high`."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or number < low or (high is not None and number > high):
            allowed = f"integer >= {low}" if high is None else f"integer from {low} to {high}"
            raise argparse.ArgumentTypeError(f"found {text}, allowed: {allowed}")
        return number

    return parse


def positive(*, or_zero: bool = False) -> Callable[[str], float]:
    """A `type=` for add_argument: a finite number > 0, or >= 0."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (0 < number < math.inf or (or_zero and number == 0)):
            allowed = "number >= 0" if or_zero else "number > 0"
            raise argparse.ArgumentTypeError(f"found {text}, allowed: {allowed}")
        return number

    return parse


def _scales(text: str) -> tuple[float, ...]:
    """Numbers above 0, at most _LARGEST_SCALE, comma-separated; each once."""
    try:
        scales = tuple(dict.fromkeys(float(word) for word in text.split(",")))
    except ValueError:
        scales = ()
    if not scales or not all(0 < scale <= _LARGEST_SCALE for scale in scales):
        raise argparse.ArgumentTypeError(
            f"found {text or 'nothing'}, allowed: numbers above 0, at most {_LARGEST_SCALE}, "
            "comma-separated"
        )
    return scales


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """A `type=` for add_argument: one of these words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(
                f"found {text or 'nothing'}, allowed: {', '.join(choices)}"
                f"{suggestion(text, choices)}"
            )
        return text

    return parse


def some_of(choices: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """A `type=` for add_argument: some of these words, comma-separated, as a tuple."""
    known = one_of(choices)

    def parse(text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(known(word.strip()) for word in text.split(",")))

    return parse
