"""Writes the page of a run, whole or not at all."""

from pathlib import Path

from kerasseg.backend import load_tensorflow
from kerasseg.data.catalog import Catalog, open_catalog
from kerasseg.data.storage import is_address
from kerasseg.errors import UserError
from kerasseg.files import write_text
from kerasseg.report.examples import Example, best_and_worst, draw_example
from kerasseg.runs.record import RunRecord, read_run

_EXAMPLES = 3


def write_report(path: Path, *, catalog: Catalog) -> None:
    """`report.html` of a run that has just been scored."""
    record = read_run(path)
    write_text(record.run.report, page_of_run(record, catalog=catalog))


def page_of_run(record: RunRecord, *, catalog: Catalog | None) -> str:
    from kerasseg.report.page import run_page

    return run_page(record, examples=_examples(record, catalog=catalog))


def _examples(
    record: RunRecord, *, catalog: Catalog | None
) -> tuple[list[Example], list[Example]] | str:
    split = record.scores.split
    chosen = best_and_worst(record.scores.each_image.images, count=_EXAMPLES)
    if not chosen[0]:
        return "Too few images have a score of their own."
    # Streets would be drawn anew, and not be what was scored.
    root = record.config.data.root
    if catalog is None and not is_address(root) and not Path(root).exists():
        return f"The images are not to be had: {root} does not exist."
    try:
        catalog = catalog or open_catalog(record.config, splits=(split,))
    except UserError as error:
        return f"The images are not to be had: {str(error).splitlines()[0]}"
    known = {sample.name for sample in catalog.splits[split]}
    if not all(score.name in known for scores in chosen for score in scores):
        return f"{record.config.data.root} holds other images than those that were scored."
    load_tensorflow()
    from kerasseg.inference.backends.run import RunPredictor

    predictor = RunPredictor(record.run.path)
    best, worst = (
        [draw_example(s, predictor=predictor, catalog=catalog, split=split) for s in scores]
        for scores in chosen
    )
    return best, worst
