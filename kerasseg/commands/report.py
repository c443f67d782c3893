"""Write one HTML page of a run, or of several compared.

The page is complete in itself: of one run its scores, curves and pictures, of
several a comparison.
"""

import argparse
from pathlib import Path

from kerasseg.backend import require
from kerasseg.commands.parser import CommandParser
from kerasseg.files import write_text


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a finished run")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="page to write (default: RUN/report.html, or comparison.html)",
    )


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend."""
    require("matplotlib", "h5py")
    from kerasseg.report.comparison import comparison_page
    from kerasseg.report.run_report import page_of_run
    from kerasseg.runs.record import read_run

    records = [read_run(path) for path in dict.fromkeys(args.runs)]
    if len(records) == 1:
        out = args.out or records[0].run.report
        text = page_of_run(records[0], catalog=None)
    else:
        out, text = args.out or Path("comparison.html"), comparison_page(records)
    write_text(out, text)
    print(out)
