"""python -m kerasseg report, and the report that a training writes at its end."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from kerasseg.cli import CommandParser, load_tensorflow
from kerasseg.data.catalog import Catalog, open_catalog
from kerasseg.data.storage import is_address
from kerasseg.errors import UserError
from kerasseg.report.record import RunRecord, read_run

_EXAMPLES = 3


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
        text = _run_page(records[0], catalog=None)
    else:
        from kerasseg.report.comparison import comparison_page

        out, text = args.out or Path("comparison.html"), comparison_page(records)
    write_page(out, text)
    print(out)


def write_report(path: Path, *, catalog: Catalog) -> None:
    """`report.html` of a run that has just been scored."""
    record = read_run(path)
    write_page(record.run.report, _run_page(record, catalog=catalog))


def write_page(path: Path, text: str) -> None:
    """Raises UserError if the file cannot be written; it is never seen half-written."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _run_page(record: RunRecord, *, catalog: Catalog | None) -> str:
    from kerasseg.report.page import run_page

    return run_page(record, examples=_examples(record, catalog=catalog))


def _examples(record: RunRecord, *, catalog: Catalog | None):
    from kerasseg.report.examples import best_and_worst, draw_example

    split = record.metrics.get("split", "val")
    chosen = best_and_worst(record.metrics.get("each_image", []), count=_EXAMPLES)
    if not chosen[0]:
        return "metrics.json says nothing of single images."
    # Streets would be drawn anew, and not be what was scored.
    root = record.config.data.root
    if catalog is None and not is_address(root) and not Path(root).exists():
        return f"The images are not to be had: {root} does not exist."
    try:
        catalog = catalog or open_catalog(record.config, splits=(split,))
    except UserError as error:
        return f"The images are not to be had: {str(error).splitlines()[0]}"
    known = {sample.name for sample in catalog.splits[split]}
    if not all(entry["name"] in known for entries in chosen for entry in entries):
        return f"{record.config.data.root} holds other images than those that were scored."
    load_tensorflow()
    from kerasseg.inference.run_predictor import RunPredictor

    predictor = RunPredictor(record.run.path)
    return tuple(
        [draw_example(e, predictor=predictor, catalog=catalog, split=split) for e in entries]
        for entries in chosen
    )
