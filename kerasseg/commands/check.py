"""Look at a data set before training on it.

Verifies its files, counts its classes and draws some of its images. The page
of --html also shows what training and validation share, and with --model which
labels a trained net doubts.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.backend import require
from kerasseg.commands.parser import CommandParser
from kerasseg.config import Config, load_config
from kerasseg.errors import UserError
from kerasseg.files import write_text
from kerasseg.terminal import console, print_remarks, progress_bar

if TYPE_CHECKING:
    from rich.table import Table

    from kerasseg.data.catalog import Catalog
    from kerasseg.inference.predictor import Predictor

_BAR = 14  # characters


def add_arguments(parser: CommandParser) -> None:
    parser.add_config()
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="PNG to write (default: check-<name>.png)"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="page to write: all of this, and more of it"
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="MODEL",
        help="a run directory, or an export with probabilities: the page shows the labels that it "
        "finds least likely",
    )
    parser.add_settings()


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend."""
    if args.model and not args.html:
        raise UserError("--model: needs --html FILE, the page that shows what the model doubts")
    config = load_config(args.config, args.settings)
    sheet = args.sheet or Path(f"check-{config.name}.png")
    check(config, sheet=sheet, page=args.html, model=args.model)


def check(
    config: Config, *, sheet: Path, page: Path | None = None, model: Path | None = None
) -> None:
    """Verifies the data set, prints what each split holds, writes a contact sheet (PNG), and if
    asked for a page (HTML), with what the model at `model` doubts.

    Raises UserError for a data set that is not in order, a model that does not fit it, and if
    `sheet` or `page` cannot be written.
    """
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.remarks import other_shape
    from kerasseg.evaluation.answers import check_classes
    from kerasseg.report.contact_sheet import describe, write_contact_sheet

    if page is not None:
        require("matplotlib")  # which the pieces of a page import
    predictor = None if model is None else _open(model)  # what is wrong with it is said first
    catalog = open_catalog(config)
    if config.serving.scale is None:
        facts, size = catalog.facts["train"], config.data.image_size
        shape = other_shape(facts, size, stretched=catalog.one_size)
        catalog = replace(catalog, remarks=(*catalog.remarks, *shape))
    if predictor is not None:
        check_classes(predictor, catalog.label_set)
    shown = console()
    shown.print(f"{catalog.label_set.dataset}: {describe(catalog)}")
    for split in catalog.splits:
        shown.print()
        shown.print(class_table(catalog, split))
    if catalog.remarks:
        shown.print()
        print_remarks(catalog.remarks)
    write_contact_sheet(catalog, sheet, config=config)
    shown.print(f"\ncontact sheet: {sheet}")
    if page is not None:
        text = _page(catalog, name=config.name, model=model, predictor=predictor)
        write_text(page, text, make_folder=True)
        shown.print(f"page: {page}")


def _open(model: Path) -> Predictor:
    from kerasseg.backend import load_tensorflow
    from kerasseg.inference.open_model import find_model, open_predictor

    if find_model(model)[0] != "onnx":
        load_tensorflow()
    predictor = open_predictor(model)
    if not predictor.gives_probabilities:
        raise UserError(
            f"--model: {model} gives no probabilities; export.py --probabilities adds them"
        )
    return predictor


def _page(catalog: Catalog, *, name: str, model: Path | None, predictor: Predictor | None) -> str:
    from kerasseg.data.leakage import look_alikes, shared_videos
    from kerasseg.evaluation.mislabelled import doubtful_labels
    from kerasseg.report.data_page import Doubted, Shared, data_page

    train, val = catalog.splits["train"], catalog.splits["val"]
    videos = shared_videos([s.name for s in train], [s.name for s in val])
    total = len(train) + len(val)
    with progress_bar("comparing images", total=total) as report:
        alike = look_alikes(train, val, progress=report)
    doubted = None
    if predictor is not None:
        with progress_bar("looking for doubtful labels", total=total) as report:
            doubts = doubtful_labels(predictor, catalog, progress=report)
        doubted = Doubted(str(model), predictor, doubts)
    return data_page(catalog, name=name, shared=Shared(videos, alike), doubted=doubted)


def class_table(catalog: Catalog, split: str) -> Table:
    """Pixels, share and images of every class in `split`; fits into 80 columns."""
    from rich.table import Table
    from rich.text import Text

    from kerasseg.data.class_balance import class_rows

    rows = class_rows(catalog, split)
    largest = max(share for _, _, share, _ in rows)
    total = len(catalog.splits[split])
    table = Table(box=None, pad_edge=False, title=f"{split} · {total} images", title_justify="left")
    table.add_column("")
    table.add_column("class", no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column("pixels", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("", width=_BAR)
    table.add_column("images", justify="right", no_wrap=True)
    colors = (*catalog.label_set.palette, catalog.label_set.void_color)
    for (name, pixels, share, images), (r, g, b) in zip(rows, colors, strict=True):
        style = f"rgb({r},{g},{b})"
        table.add_row(
            Text("██", style=style),
            Text(name, style="dim" if not pixels else ""),
            f"{pixels:,}",
            f"{share:.2%}",
            Text("█" * round(_BAR * share / largest), style=style),
            "" if images is None else f"{images:,}",
        )
    return table
