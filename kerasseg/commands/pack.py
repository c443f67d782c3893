"""Write a data set as decoded pixels, for fast reading.

Training with data.root=OUT and otherwise the same settings is the same to the
last bit, and reads only what a crop needs. The same command resumes a pack
that was stopped. Of the settings only data.* and labels.* count; without
--config the layout of DATA says what it is.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from kerasseg.backend import load_tensorflow, require
from kerasseg.commands.parser import CommandParser, whole_number
from kerasseg.config import Config, load_config
from kerasseg.errors import UserError
from kerasseg.terminal import print_remarks, progress_bar

_MIB = 2**20


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("data", metavar="DATA", help="folder of the data set, as data.root")
    parser.add_argument("out", metavar="OUT", help="new folder for the packed data")
    parser.add_config(required=False)
    parser.add_argument(
        "--splits", metavar="NAMES", default="train,val", help="what to pack (default: %(default)s)"
    )
    parser.add_argument(
        "--workers", type=whole_number(1), metavar="N", help="threads (default: as many as cores)"
    )
    parser.add_argument(
        "--shard-mb",
        type=whole_number(1, 2**20),
        metavar="N",
        default=256,
        help="MiB of a file, at most, if more than one sample is in it (default: %(default)s)",
    )
    parser.add_settings()


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend."""
    data, out = args.data, args.out
    if not Path(data).is_dir():
        found = "is a file" if Path(data).exists() else "not found"
        raise UserError(f"{data}: {found}; expected the folder of a data set")
    require("tensorflow")
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.packed.format import find_index
    from kerasseg.data.packed.writer import check_target

    if find_index(data) is not None:
        raise UserError(f"{data}: is packed already")
    check_target(out)
    config = _settings(data, args.config, args.settings)
    splits = tuple(dict.fromkeys(args.splits.split(",")))
    if not all(name.isidentifier() for name in splits):
        raise UserError(f"--splits: found {args.splits}, allowed: names such as train,val")
    catalog = open_catalog(config, splits=splits)
    print_remarks(catalog.remarks)
    load_tensorflow()
    from kerasseg.data.packed.writer import pack as pack_data

    with progress_bar("packing") as report:
        index = pack_data(
            catalog,
            Path(out),
            shard_bytes=args.shard_mb * _MIB,
            workers=args.workers or config.data.workers,
            progress=report,
        )
    shards = [shard for part in index.splits.values() for shard in part]
    counts = ", ".join(f"{len(samples)} {split}" for split, samples in catalog.splits.items())
    size = sum(shard.size for shard in shards) / 1e9
    print(f"{out}: {counts} in {len(shards)} shards, {size:.2f} GB; use it as data.root")


def _settings(data: str, file: str | None, settings: Sequence[str]) -> Config:
    """The settings, with `data` as data.root; without a file data.name is what `data` looks like.

    Raises UserError if that is none of the known layouts.
    """
    named = file is not None or any(item.startswith("data.name=") for item in settings)
    guess = [] if named else [f"data.name={_recognised(data)}"]
    config = load_config(file, [*guess, *settings])
    return config.model_copy(update={"data": config.data.model_copy(update={"root": data})})


def _recognised(data: str) -> str:
    from kerasseg.data.catalog import recognise
    from kerasseg.data.readers import READERS

    name = recognise(Path(data))
    if name is None:
        marks = list(dict.fromkeys(reader.mark for reader in READERS.values()))
        raise UserError(
            f"{data}: no {', '.join(marks[:-1])} or {marks[-1]} in it; expected a data set "
            "(or say what it is with --config or data.name)"
        )
    return name
