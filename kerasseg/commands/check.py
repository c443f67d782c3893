"""Look at a data set before training on it.

Verifies its files, counts its classes and draws some of its images.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.commands.parser import CommandParser
from kerasseg.config import Config, load_config
from kerasseg.terminal import console, print_remarks

if TYPE_CHECKING:
    from rich.table import Table

    from kerasseg.data.catalog import Catalog

_BAR = 14  # characters


def add_arguments(parser: CommandParser) -> None:
    parser.add_config()
    parser.add_argument(
        "--sheet", type=Path, metavar="FILE", help="PNG to write (default: check-<name>.png)"
    )
    parser.add_settings()


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend."""
    config = load_config(args.config, args.settings)
    check(config, sheet=args.sheet or Path(f"check-{config.name}.png"))


def check(config: Config, *, sheet: Path) -> None:
    """Verifies the data set, prints what each split holds, writes a contact sheet (PNG).

    Raises UserError for a data set that is not in order, and if `sheet` cannot be written.
    """
    from kerasseg.data.catalog import open_catalog
    from kerasseg.report.contact_sheet import describe, write_contact_sheet

    catalog = open_catalog(config)
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
