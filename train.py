"""Trains a network: python train.py [--config FILE] [key=value …] [--fresh]"""

import sys
from pathlib import Path

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import CommandParser
from kerasseg.config import dump_config, load_config
from kerasseg.errors import run_command
from kerasseg.training.cluster import read_cluster

DEFAULT_CONFIG = Path(__file__).resolve().parent / "configs" / "streets.yaml"


def main() -> None:
    parser = CommandParser(
        prog="python train.py",
        arguments="[--config FILE] [key=value ...] [--fresh]\n"
        "                       [--print-config] [--help]",
        description="Trains a segmentation network. A run that was stopped is continued by the\n"
        "same command; what it leaves behind is in runs/<name>/.",
    )
    parser.add_settings(DEFAULT_CONFIG)
    parser.add_argument("--fresh", action="store_true", help="start over; do not continue the run")
    parser.add_argument(
        "--print-config", action="store_true", help="print all settings as YAML and stop"
    )
    args = parser.parse(sys.argv[1:])
    config = load_config(args.config, args.settings)
    if args.print_config:
        print(dump_config(config), end="")
        return
    # What is wrong with the run or the data is said before TensorFlow takes its seconds to load,
    # and --help needs none of these.
    from kerasseg.data.catalog import open_catalog
    from kerasseg.runs.directory import RunDirectory

    if read_cluster(config.train.distribute).is_chief:
        RunDirectory(config.run_path).check(config, fresh=args.fresh)
    catalog = open_catalog(config)
    load_tensorflow()
    from kerasseg.commands.train import train_and_report

    train_and_report(config, catalog, fresh=args.fresh)


if __name__ == "__main__":
    sys.exit(run_command(main))
