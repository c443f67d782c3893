"""Train a network, or resume a run that was stopped.

Everything of a run is in runs/<name>/. The same command resumes a run where it
was stopped; of a finished one it prints the result.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from kerasseg.backend import load_tensorflow, require
from kerasseg.commands.parser import CommandParser
from kerasseg.config import Config, dump_config, load_config
from kerasseg.errors import interrupted_by_sigterm
from kerasseg.terminal import console, print_remarks

if TYPE_CHECKING:
    from kerasseg.data.catalog import Catalog
    from kerasseg.runs.directory import RunDirectory


def add_arguments(parser: CommandParser) -> None:
    parser.add_config(default="streets")
    parser.add_argument("--fresh", action="store_true", help="start over; do not resume the run")
    parser.add_argument(
        "--print-config", action="store_true", help="print all settings as YAML and stop"
    )
    parser.add_settings()


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend, Interrupted if stopped with the state saved."""
    config = load_config(args.config, args.settings)
    if args.print_config:
        print(dump_config(config), end="")
        return
    require("tensorflow", "keras", "tensorboard", "matplotlib", "h5py")
    # What is wrong with the run or the data is said before TensorFlow takes its seconds to load.
    from kerasseg.data.catalog import open_catalog
    from kerasseg.runs.directory import RunDirectory
    from kerasseg.training.cluster import read_cluster
    from kerasseg.training.mlflow_run import check_tracking

    is_chief = read_cluster(config.train.distribute).is_chief
    if is_chief:
        RunDirectory(config.run_path).check(config, fresh=args.fresh)
        check_tracking(config)
    catalog = open_catalog(config)
    if is_chief:
        print_remarks(catalog.remarks)
    load_tensorflow()
    train_and_report(config, catalog, fresh=args.fresh)


def train_and_report(config: Config, catalog: Catalog, *, fresh: bool) -> None:
    """Trains to the end; then the chief writes the page of the run and prints its scores."""
    from kerasseg.report.run_report import write_report
    from kerasseg.runs.directory import RunDirectory
    from kerasseg.training.loop import train

    if not train(config, catalog, fresh=fresh):
        return
    run = RunDirectory(config.run_path)
    with interrupted_by_sigterm():
        if not run.report.exists():  # of this training, or of one killed just before it
            write_report(run.path, catalog=catalog)
        print_result(run)


def print_result(run: RunDirectory) -> None:
    """The table of `metrics.json`, and where everything lies."""
    from kerasseg.evaluation.score_tables import score_table
    from kerasseg.metrics.split_scores import SplitScores

    shown = console()
    shown.print(score_table(SplitScores.from_file(run.metrics)))
    shown.print(f"best weights {run.best}\npanels       {run.panels}\nscores       {run.metrics}")
    if run.report.is_file():
        shown.print(f"report       {run.report}")
