"""python -m kerasseg COMMAND: what there is beside training and exporting.

A command imports what it needs when it runs, so that `--help` does not wait for TensorFlow.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from kerasseg.backend import quiet_tensorflow
from kerasseg.commands.parser import CommandParser, whole_number
from kerasseg.config import load_config
from kerasseg.config.schema import DataConfig
from kerasseg.config.setting_types import MAX_SEED
from kerasseg.config.words import suggestion
from kerasseg.errors import UserError, run_command
from kerasseg.terminal import progress_bar

PROG = "python -m kerasseg"


def check(argv: Sequence[str]) -> None:
    """look at a data set before training on it"""
    parser = CommandParser(
        prog=f"{PROG} check",
        arguments="--config FILE [key=value ...]\n"
        "                                [--sheet FILE] [--help]",
        description="Verifies the files of a data set, counts its classes, draws some images.",
    )
    parser.add_settings(default_config=None)
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="PNG to write (default: check-<name>.png)"
    )
    args = parser.parse(argv)
    config = load_config(args.config, args.settings)
    quiet_tensorflow()
    from kerasseg.commands.check import check as check_data

    check_data(config, sheet=args.sheet or Path(f"check-{config.name}.png"))


def streets(argv: Sequence[str]) -> None:
    """draw the synthetic data set to disk, in the Cityscapes layout"""
    defaults = DataConfig()
    parser = CommandParser(
        prog=f"{PROG} streets",
        arguments="DIR [--train N] [--val N] [--seed S] [--help]",
        description="Draws synthetic street scenes to disk, in the Cityscapes layout.",
    )
    parser.add_argument("root", type=Path, metavar="DIR", help="folder to draw into")
    shown = "(default: %(default)s)"
    parser.add_argument(
        "--train",
        type=whole_number(1),
        metavar="N",
        default=defaults.draw_train,
        help=f"training images {shown}",
    )
    parser.add_argument(
        "--val",
        type=whole_number(1),
        metavar="N",
        default=defaults.draw_val,
        help=f"validation images {shown}",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, MAX_SEED),
        metavar="S",
        default=defaults.draw_seed,
        help=f"the same seed draws the same images {shown}",
    )
    args = parser.parse(argv)
    from kerasseg.streets.draw import draw_streets

    with progress_bar("drawing") as report:
        draw_streets(args.root, train=args.train, val=args.val, seed=args.seed, progress=report)
    print(f"{args.root}: {args.train} images to train with, {args.val} to validate with")


def predict(argv: Sequence[str]) -> int:
    """label images with a trained or exported model"""
    from kerasseg.commands.predict import predict as predict_images

    return predict_images(argv, prog=PROG)


def evaluate(argv: Sequence[str]) -> None:
    """score a model, or label PNGs, on a split of a data set"""
    from kerasseg.commands.evaluate import evaluate as evaluate_model

    evaluate_model(argv, prog=PROG)


def ablate(argv: Sequence[str]) -> None:
    """measure what each idea of the method is worth, over several seeds"""
    from kerasseg.commands.ablate import ablate as run_ablation

    run_ablation(argv, prog=PROG)


def report(argv: Sequence[str]) -> None:
    """write one HTML page of a run, or of several compared"""
    from kerasseg.commands.report import report as write_report

    write_report(argv, prog=PROG)


def pack(argv: Sequence[str]) -> None:
    """write a data set as decoded pixels, for fast reading"""
    from kerasseg.commands.pack import pack as pack_data

    pack_data(argv, prog=PROG)


COMMANDS = {
    "check": check,
    "streets": streets,
    "pack": pack,
    "predict": predict,
    "evaluate": evaluate,
    "ablate": ablate,
    "report": report,
}


def main() -> int | None:
    if len(sys.argv) < 2:
        raise UserError(f"found no command, allowed: {' | '.join(COMMANDS)} (see {PROG} --help)")
    name, *rest = sys.argv[1:]
    if name in ("-h", "--help"):
        print(f"usage: {PROG} COMMAND ...\n\ncommands:")
        for command, function in COMMANDS.items():
            print(f"  {command:<10}{function.__doc__}")
        print(f"\n`{PROG} COMMAND --help` tells what a command takes.")
        return None
    if name not in COMMANDS:
        raise UserError(f"{name}: no such command{suggestion(name, COMMANDS)}")
    return COMMANDS[name](rest)


if __name__ == "__main__":
    sys.exit(run_command(main))
