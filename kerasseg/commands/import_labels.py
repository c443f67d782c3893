"""Turn the export of an annotation tool into folders that `train` reads.

Splits are kept; without any, frames of one video stay together. What was left
out is listed. OUT is written, or with --add added to, completely or not at all.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.commands.parser import CommandParser, one_of
from kerasseg.data.layouts import LAYOUTS, known_layout
from kerasseg.errors import DONE, DONE_IN_PART, UserError, interrupted_by_sigterm, print_error
from kerasseg.files import os_errors
from kerasseg.terminal import console, print_remarks, progress_bar

if TYPE_CHECKING:
    from kerasseg.importing.plain_folders import Outcome
    from kerasseg.importing.source import Source

_AUTO = "auto"
_LISTED = 20  # files that could not be read


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("source", type=Path, metavar="SOURCE", help="folder, as it was unpacked")
    parser.add_argument(
        "out", type=Path, metavar="OUT", help="folder to write; new, but with --add"
    )
    parser.add_argument(
        "--format",
        type=one_of((_AUTO, *LAYOUTS)),
        default=_AUTO,
        metavar="NAME",
        help=f"{', '.join(LAYOUTS)}; auto looks at the folder (default: auto)",
    )
    parser.add_argument(
        "--add",
        action="store_true",
        help="add to OUT, which `import` wrote; classes are matched by their names",
    )
    parser.add_argument(
        "--val",
        type=_share,
        default=0.1,
        metavar="SHARE",
        help="share of the images that validate, where SOURCE has no such split "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--map",
        type=Path,
        metavar="FILE",
        help="YAML with a line for each class that is merged (truck: vehicle), void (sky: void) "
        'or not drawn (logo: null); "*" are all others',
    )
    parser.add_argument(
        "--keep-empty",
        action="store_true",
        help="images that the tool lists without a shape are background, not unlabelled",
    )


def run(args: argparse.Namespace) -> int:
    """Returns 0, or 1 if files could not be read. Raises UserError for what the user can mend."""
    from kerasseg.importing import FORMATS
    from kerasseg.importing.adding import add_to_folders, read_existing
    from kerasseg.importing.class_map import plan_classes, read_class_map
    from kerasseg.importing.plain_folders import refuse_existing, write_folders
    from kerasseg.importing.source import without_empty

    if not args.source.is_dir():
        state = "is a file; unpack it" if args.source.exists() else "not found"
        raise UserError(f"{args.source}: {state}; expected the folder of an export")
    existing = read_existing(args.out) if args.add else None
    if existing is None:
        refuse_existing(args.out)
    name, root = (args.format, args.source) if args.format != _AUTO else _recognised(args.source)
    mapping = read_class_map(args.map) if args.map else {}
    source = FORMATS[name](root)
    if not args.keep_empty:
        source = without_empty(source)
    if not source.pairs:
        raise UserError("\n".join([f"{args.source}: no labelled image", *_remarks(source)]))
    plan = plan_classes(source.classes, mapping, where=args.map)
    with interrupted_by_sigterm(), progress_bar("importing", total=len(source.pairs)) as report:
        how = {"plan": plan, "val": args.val, "progress": report}
        if existing is None:
            outcome = write_folders(source, args.out, **how)
        else:
            outcome = add_to_folders(source, existing, **how)
    print_remarks([*_remarks(source), *_findings(outcome)])
    shown = console()
    plus = "" if existing is None else "+"
    counts = " · ".join(f"{split} {plus}{count}" for split, count in outcome.images.items())
    counts = counts or "nothing new"
    shown.print(f"{args.out}: {LAYOUTS[name].title}, {counts} · {len(outcome.classes)} classes")
    shown.print(f"next: kerasseg check --config folders data.root={args.out}")
    problems = [*source.problems, *outcome.problems]
    if problems:
        more = len(problems) - _LISTED
        lines = problems[:_LISTED] + ([f"and {more} more"] if more > 0 else [])
        print_error("\n".join([f"{len(problems)} left out, could not be read:", *lines]))
    return DONE_IN_PART if problems else DONE


def _recognised(source: Path) -> tuple[str, Path]:
    """The layout of `source`, or of the one folder in it, as archives are often unpacked."""
    root = source
    while (name := known_layout(root)) is None:
        with os_errors(root, "cannot be read"):
            inside = [path for path in root.iterdir() if not path.name.startswith(".")]
        if len(inside) != 1 or not inside[0].is_dir():
            raise UserError(
                f"{source}: not recognised; name the layout with --format, "
                f"allowed: {', '.join(LAYOUTS)}"
            )
        root = inside[0]
    return name, root


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1
    if not 0 <= share <= 0.9:
        raise argparse.ArgumentTypeError(f"found {text}, allowed: number from 0 to 0.9")
    return share


def _remarks(source: Source) -> Iterator[str]:
    """What was left out, in words."""
    yield from _counted("images without a label, left out", source.no_label)
    yield from _counted("labels without an image, left out", source.no_image)
    yield from source.notes


def _findings(outcome: Outcome) -> Iterator[str]:
    """What came up while labels were drawn, in words."""
    if outcome.outside:
        count = sum(shapes for _, shapes in outcome.outside)
        example = outcome.outside[0][0]
        yield f"shapes that reach beyond their image, cut: {count:,}, such as in {example}"
    if outcome.unknown:
        listed = ", ".join(f"{name} ({n:,})" for name, n in outcome.unknown.most_common(8))
        yield f"undeclared classes, void: {listed}"
    yield from _counted(
        "labels drawn on the photo as stored, turned upright with it by its EXIF orientation",
        outcome.turned,
    )
    yield from _counted("images that are there already, with these labels", outcome.there)
    if outcome.new_classes:
        listed = ", ".join(outcome.new_classes)
        yield f"new classes, which no label that was there shows: {listed}"
    label_id = outcome.classes.get("background")
    if label_id is not None and outcome.pixels.any():
        share = outcome.pixels[label_id] / outcome.pixels.sum()
        yield f"background, a class of its own: {share:.1%} of the pixels"
    if outcome.drawn_val:
        yield "no split for validation in the source: drawn, frames of one video kept together"


def _counted(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{what}: {len(names):,}, such as {names[0]}"
