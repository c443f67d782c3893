"""python -m kerasseg pack: a data set as decoded pixels, from which a crop is read by itself."""

from collections.abc import Sequence
from pathlib import Path

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import CommandParser, whole_number
from kerasseg.config import Config, load_config
from kerasseg.config.words import SETTINGS
from kerasseg.errors import UserError
from kerasseg.terminal import progress_bar

_MIB = 2**20


def pack(argv: Sequence[str], *, prog: str) -> None:
    """Runs the command. Raises UserError for what the user can mend."""
    parser = CommandParser(
        prog=f"{prog} pack",
        arguments="DATA OUT [--config FILE] [--splits train,val]\n"
        "                               [--workers N] [--shard-mb N] [key=value ...] [--help]",
        description="Writes the pixels of a data set, decoded, into the folder OUT. Training with\n"
        "data.root=OUT and otherwise the same settings is the same to the last bit, and reads\n"
        "only what a crop needs. A pack that was stopped goes on by the same command. Of the\n"
        "settings only data.* and labels.* count; without --config, DATA's layout says what it is.",
    )
    parser.add_argument("data", metavar="DATA", help="folder of the data set, as data.root")
    parser.add_argument("out", metavar="OUT", help="new folder for the packed data")
    parser.add_settings(default_config=None, required=False)
    parser.add_argument(
        "--splits", metavar="NAMES", default="train,val", help="what to pack (default: %(default)s)"
    )
    parser.add_argument(
        "--workers", type=whole_number(1), metavar="N", help="threads (default: one for each core)"
    )
    parser.add_argument(
        "--shard-mb",
        type=whole_number(1, 2**20),
        metavar="N",
        default=256,
        help="MiB of a file, at most, if more than one sample is in it (default: %(default)s)",
    )
    args = parser.parse(argv)
    data, out, *settings = _paths_first([args.data, args.out, *args.settings])
    if out.partition("=")[0] in SETTINGS:
        parser.error("the following arguments are required: OUT")
    if not Path(data).is_dir():
        found = "is a file" if Path(data).exists() else "not found"
        raise UserError(f"{data}: {found}; expected the folder of a data set")
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.packed.format import find_index
    from kerasseg.data.packed.writer import check_target

    if find_index(data) is not None:
        raise UserError(f"{data}: is packed already")
    check_target(out)
    config = _settings(data, args.config, settings)
    splits = tuple(dict.fromkeys(args.splits.split(",")))
    if not all(name.isidentifier() for name in splits):
        raise UserError(f"--splits: found {args.splits}, allowed: names such as train,val")
    catalog = open_catalog(config, splits=splits)
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


def _paths_first(words: list[str]) -> list[str]:
    """DATA, OUT and what is left, wherever the settings stand among them."""
    return sorted(words, key=lambda word: word.partition("=")[0] in SETTINGS)


def _settings(data: str, file: Path | None, settings: Sequence[str]) -> Config:
    """The settings, with `data` as data.root; without a file data.name is what `data` looks like.

    Raises UserError if that is none of the known layouts.
    """
    named = file is not None or any(item.startswith("data.name=") for item in settings)
    guess = [] if named else [f"data.name={_layout(data)}"]
    config = load_config(file, [*guess, *settings])
    return config.model_copy(update={"data": config.data.model_copy(update={"root": data})})


def _layout(data: str) -> str:
    for name, mark in (
        ("cityscapes", "leftImg8bit"),
        ("camvid", "trainannot"),
        ("folders", "labels.yaml"),
    ):
        if Path(data, mark).exists():
            return name
    raise UserError(
        f"{data}: no leftImg8bit/, trainannot/ or labels.yaml in it; expected a data set "
        "(or say what it is with --config or data.name)"
    )
