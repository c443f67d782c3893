"""What every command shares: arguments in any order, exit statuses, a quiet TensorFlow.

TensorFlow is not imported here: `--help` and a mistyped setting answer at once.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from kerasseg.errors import Interrupted, UserError
from kerasseg.setting_text import SETTINGS, suggestion
from kerasseg.settings_help import settings_help

DONE, USER_ERROR, INTERRUPTED = 0, 2, 3


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


def run_command(function: Callable[[], int | None]) -> int:
    """Runs a command and returns its exit status; nothing a user can mend ends in a traceback.

    The status is what the function returns (None is 0), 2 after a UserError, 3 after an
    interruption. Any other exception is a bug and passes.
    """
    try:
        try:
            status = function()
        except SystemExit as stop:  # --help
            if stop.code:
                raise
            status = DONE
        sys.stdout.flush()
        return status or DONE
    except UserError as error:
        for line in str(error).splitlines():
            print(f"error: {line}", file=sys.stderr)
        return USER_ERROR
    except (Interrupted, KeyboardInterrupt) as reason:
        why = str(reason) or "interrupted"
        print(f"{why}; run the same command again to continue", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader (head, less) has gone; at exit Python would flush again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED


def quiet_tensorflow() -> None:
    """To be called before TensorFlow or Keras is imported: less talk, and the right backend."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"


def load_tensorflow() -> None:
    """Imports TensorFlow, which takes seconds, without what its libraries say while they load.

    No variable silences those lines: they come before its log is set up. They are shown if the
    import fails, or if TF_CPP_MIN_LOG_LEVEL=0 asks for everything.
    """
    quiet_tensorflow()
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0":
        import tensorflow

        return
    sys.stderr.flush()
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import tensorflow

            # The first look at the devices says that there is no GPU, several times over.
            tensorflow.config.list_physical_devices()
        except Exception:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


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
