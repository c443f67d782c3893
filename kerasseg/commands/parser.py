"""What every command shares: arguments in any order, exit statuses, a quiet TensorFlow.

TensorFlow is not imported here: `--help` and a mistyped setting answer at once.
"""

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from kerasseg.config.help_text import settings_help
from kerasseg.config.words import SETTINGS, suggestion
from kerasseg.errors import UserError


class CommandParser(argparse.ArgumentParser):
    """ArgumentParser that raises UserError and never completes half an option."""

    def __init__(self, prog: str, arguments: str, description: str) -> None:
        """arguments: what follows `prog` in the usage, such as "DIR [--seed S]"."""
        self.options: list[str] = []
        super().__init__(
            prog=prog,
            usage=f"{prog} {arguments}",
            description=description,
            allow_abbrev=False,
            add_help=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument("-h", "--help", action="help", help="show this and stop")

    def add_argument(self, *names, **keywords) -> argparse.Action:
        action = super().add_argument(*names, **keywords)
        self.options += action.option_strings
        return action

    def add_settings(self, default_config: Path | None, *, required: bool = True) -> None:
        """Adds `--config FILE` (required if there is no default, unless told) and `key=value …`.

        The parsed names are `config` (Path) and `settings` (list of str), for load_config.
        """
        settings = self.add_argument_group("arguments")
        settings.add_argument(
            "settings", nargs="*", metavar="key=value", help="a setting, as listed below"
        )
        shown = default_config and _from_here(default_config)
        self.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            default=shown,
            required=required and shown is None,
            help="settings in YAML" + (f" (default: {shown})" if shown else ""),
        )
        self.epilog = settings_help(min(shutil.get_terminal_size().columns, 100))

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Parses options and other arguments in any order. Raises UserError, a line a problem."""
        args, unknown = self.parse_known_intermixed_args(argv)
        if unknown:
            raise UserError("\n".join(self._unknown(word) for word in unknown))
        return args

    def error(self, message: str) -> None:
        raise UserError(f"{message.removeprefix('argument ')} (see {self.prog} --help)")

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word}: one argument too many (see {self.prog} --help)"
        if word.lstrip("-").partition("=")[0] in SETTINGS:
            return f"{word}: no such option; did you mean {word.lstrip('-')}?"
        option = word.partition("=")[0]
        return f"{option}: no such option{suggestion(option, self.options)}"


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


def _from_here(path: Path) -> Path:
    """The path as seen from the working directory, if it is in there: easier to read."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
