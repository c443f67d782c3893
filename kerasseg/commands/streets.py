"""Draw the synthetic data set to disk, in the Cityscapes layout.

Training on streets draws them by itself where data.root does not exist.
"""

import argparse
from pathlib import Path

from kerasseg.commands.parser import CommandParser, whole_number
from kerasseg.config.data_settings import DataConfig
from kerasseg.config.setting_types import MAX_SEED
from kerasseg.terminal import progress_bar


def add_arguments(parser: CommandParser) -> None:
    defaults = DataConfig()
    parser.add_argument("root", type=Path, metavar="DIR", help="folder to draw into")
    parser.add_argument(
        "--train",
        type=whole_number(1),
        metavar="N",
        default=defaults.draw_train,
        help="training images (default: %(default)s)",
    )
    parser.add_argument(
        "--val",
        type=whole_number(1),
        metavar="N",
        default=defaults.draw_val,
        help="validation images (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, MAX_SEED),
        metavar="S",
        default=defaults.draw_seed,
        help="the same seed draws the same images (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend."""
    from kerasseg.streets.draw import draw_streets

    with progress_bar("drawing") as report:
        draw_streets(args.root, train=args.train, val=args.val, seed=args.seed, progress=report)
    print(f"{args.root}: {args.train} images to train with, {args.val} to validate with")
