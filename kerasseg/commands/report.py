"""python -m kerasseg report: one HTML page of a run, or of several compared."""

from collections.abc import Sequence
from pathlib import Path

from kerasseg.commands.parser import CommandParser
from kerasseg.files import write_text
from kerasseg.report.run_report import page_of_run
from kerasseg.runs.record import read_run


def report(argv: Sequence[str], *, prog: str) -> None:
    """Runs the command. Raises UserError for what the user can mend."""
    parser = CommandParser(
        prog=f"{prog} report",
        arguments="RUN [RUN ...] [--out FILE] [--help]",
        description="Writes one HTML file, complete in itself: of one run its scores, curves and\n"
        "pictures, of several a comparison.",
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a finished run")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="default: RUN/report.html, or comparison.html"
    )
    args = parser.parse(argv)
    records = [read_run(path) for path in dict.fromkeys(args.runs)]
    if len(records) == 1:
        out = args.out or records[0].run.report
        text = page_of_run(records[0], catalog=None)
    else:
        from kerasseg.report.comparison import comparison_page

        out, text = args.out or Path("comparison.html"), comparison_page(records)
    write_text(out, text)
    print(out)
