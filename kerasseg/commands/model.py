"""The MODEL of `predict` and `evaluate`: the options it is opened with, and what is said of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import CommandParser, one_of, whole_number
from kerasseg.hub import MAX_MIB
from kerasseg.inference.backends.providers import PROVIDERS
from kerasseg.terminal import print_remarks

if TYPE_CHECKING:
    from kerasseg.inference.predictor import Predictor


def add_model_options(parser: CommandParser) -> None:
    """Adds `--sha256`, `--max-mib`, `--scales`, `--flip`, `--provider` and `--threads`."""
    parser.add_argument(
        "--sha256",
        metavar="DIGITS",
        help="of the zip or the .onnx file, as export.py --zip prints it; an address needs it",
    )
    parser.add_argument(
        "--max-mib",
        type=whole_number(1),
        metavar="N",
        default=MAX_MIB,
        help="how large a zip, and what is in it, may be, in MiB (default: %(default)s)",
    )
    parser.add_views()
    parser.add_argument(
        "--provider",
        type=one_of(tuple(PROVIDERS)),
        metavar="|".join(PROVIDERS),
        help="what ONNX Runtime computes with: for an .onnx file, or an export that has one "
        "(default: its CPU)",
    )
    parser.add_argument(
        "--threads",
        type=whole_number(1),
        metavar="N",
        help="threads of one pass (default: as many as cores)",
    )


def fetch_model(args: argparse.Namespace) -> Path:
    """Where the model that was named is, which is downloaded and unpacked if need be.

    Raises UserError as `local_model` does.
    """
    from kerasseg.inference.open_model import local_model

    return local_model(args.model, sha256=args.sha256, max_mib=args.max_mib, say=print)


def kind_of(args: argparse.Namespace) -> str:
    """What will be opened: "onnx", "litert", "saved_model" or "run".

    Raises UserError as `model_for` does.
    """
    from kerasseg.inference.open_model import model_for

    return model_for(args.model, args.provider)[0]


def needs_tensorflow(args: argparse.Namespace) -> bool:
    """Whether TensorFlow runs what will be opened. Raises UserError as `model_for` does."""
    return kind_of(args) in ("saved_model", "run")


def open_model(args: argparse.Namespace) -> Predictor:
    """The model, averaged over views if asked for. Says if a GPU stays unused, or in part.

    Raises UserError as `open_views` does.
    """
    from kerasseg.gpus import missing_gpu_notice
    from kerasseg.inference.views import open_views

    if needs_tensorflow(args):
        load_tensorflow()
        if notice := missing_gpu_notice():
            print(notice)
    predictor = open_views(
        args.model,
        scales=args.scales,
        flip=args.flip,
        threads=args.threads,
        providers=args.provider,
    )
    if args.provider is not None:
        print_remarks(_left_to_others(predictor, PROVIDERS[args.provider].full))
    return predictor


def _left_to_others(predictor: Predictor, full: str) -> list[str]:
    """A line if other providers compute a part of the graph, which may cost more than it saves."""
    nodes = predictor.nodes
    others = {name: count for name, count in nodes.items() if name != full}
    if not others:
        return []
    rest = " and ".join(f"{name} {count}" for name, count in others.items())
    total = sum(nodes.values())
    return [f"{full} computes {nodes.get(full, 0)} of the {total} nodes of the graph, {rest}"]
