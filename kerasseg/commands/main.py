"""Where all commands start: `kerasseg`, `python -m kerasseg`, `train.py` and `export.py`."""

import sys
from collections.abc import Sequence

from kerasseg.commands import COMMANDS
from kerasseg.commands.parser import CommandParser
from kerasseg.config.words import suggestion
from kerasseg.errors import UserError, run_command
from kerasseg.version import __version__

_ABOUT = "Street-scene segmentation in Keras: data, training, scores, export, prediction."


def main(prog: str = "kerasseg", command: str | None = None) -> int:
    """Runs what the command line says; returns the exit status. See `start`."""
    return run_command(lambda: start(sys.argv[1:], prog, command))


def start(argv: Sequence[str], prog: str = "kerasseg", command: str | None = None) -> int | None:
    """Runs the command that `argv` begins with; returns its exit status, None for 0.

    prog: what help and errors call the program. command: the only one that the program is, such
    as `python train.py`; `argv` then has its arguments alone.
    Raises UserError, Interrupted, and SystemExit after --help.
    """
    program, commands = build_parsers(prog)
    if command is not None:
        commands[command].prog = prog
        argv = [command, *argv]
    if not argv:
        raise UserError(f"found no command, allowed: {' | '.join(commands)} (see {prog} --help)")
    name, *rest = argv
    if name in commands:
        return COMMANDS[name].run(commands[name].parse(rest))
    if name.startswith("-"):
        program.refuse(program.parse_known_args([name])[1])
    raise UserError(f"{name}: no such command{suggestion(name, commands)} (see {prog} --help)")


def build_parsers(prog: str) -> tuple[CommandParser, dict[str, CommandParser]]:
    """The parser of the program and, by name, those of its commands.

    Once the command is known, its own parser reads the rest: only by itself does it take options
    and other arguments in any order.
    """
    parser = CommandParser(prog, _ABOUT)
    parser.add_argument(
        "--version",
        action="version",
        version=f"kerasseg {__version__}",
        help="show the version and stop",
    )
    parser.epilog = f"`{prog} COMMAND --help` tells what a command takes."
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, module in COMMANDS.items():
        text = module.__doc__ or ""  # none under python -OO
        line = text.partition("\n")[0].rstrip(".")
        command = commands.add_parser(name, help=line, description=text)
        module.add_arguments(command)
    return parser, commands.choices
