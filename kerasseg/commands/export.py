"""Export the best weights of a run as SavedModel, ONNX, LiteRT or a web page.

Checks that all answer as the Keras model does. Settings such as data.root=DIR
or serving.max_pixels=N go over those of the run.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.backend import load_tensorflow, require
from kerasseg.commands.parser import CommandParser, some_of, whole_number
from kerasseg.config import load_config
from kerasseg.errors import UserError
from kerasseg.export.formats import FORMATS
from kerasseg.terminal import progress_bar

if TYPE_CHECKING:
    from kerasseg.data.catalog import Catalog
    from kerasseg.evaluation.fit_export import Calibration
    from kerasseg.export.job import ExportOptions
    from kerasseg.runs.trained import TrainedRun

_ONE_SIZE = tuple(name for name, kind in FORMATS.items() if kind.one_size)


def _smaller(option: str) -> tuple[str, ...]:
    """The formats that this option adds a file to."""
    return tuple(name for name, kind in FORMATS.items() if option in kind.smaller)


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument("run", metavar="RUN", help="run directory")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write into (default: exports/<name>)"
    )
    parser.add_argument(
        "--formats",
        type=some_of(tuple(FORMATS)),
        metavar="LIST",
        default=",".join(name for name, kind in FORMATS.items() if kind.by_default),
        help=f"what to write, comma-separated, of {', '.join(FORMATS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--probabilities", action="store_true", help="ONNX: a fourth output, (B, H, W, classes)"
    )
    parser.add_argument(
        "--variance", action="store_true", help="also the variance of the logits under Dropout"
    )
    parser.add_argument(
        "--unlabelled",
        type=_share,
        metavar="SHARE",
        default=0.0,
        help="answer unlabelled exactly where the uncertainty is above what this share of the "
        "labelled validation pixels have, such as 0.02 (default: 0, where the background wins)",
    )
    parser.add_argument(
        "--temperature",
        metavar="T",
        default="fit",
        help="divides the logits of all probabilities: a number, the file that evaluate "
        "--temperature --json wrote, or fit: on validation images, 200 at most (default: fit)",
    )
    parser.add_argument(
        "--int8",
        type=Path,
        metavar="DIR",
        help="also model.int8.onnx, or that of the other formats, calibrated on these images",
    )
    parser.add_argument(
        "--size",
        type=_size,
        metavar="H,W",
        help="pixels that the net sees in the formats of one size, "
        f"{', '.join(_ONE_SIZE)} (default: those it was trained at)",
    )
    parser.add_argument(
        "--float16",
        action="store_true",
        help="also model.plain.float16.onnx and model.float16.tflite, with such of these formats",
    )
    parser.add_argument(
        "--zip",
        action="store_true",
        help="also as one file, <name>-<version>.zip, for kerasseg.load; prints its sha256",
    )
    parser.add_argument(
        "--images",
        type=whole_number(1),
        metavar="N",
        default=50,
        help="validation images to check on (default: %(default)s)",
    )
    parser.add_settings("a setting that overrides the run's")


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend."""
    by_option = {"size": _ONE_SIZE, "int8": _smaller("int8"), "float16": _smaller("float16")}
    for option, formats in by_option.items():
        if getattr(args, option) and not set(formats) & set(args.formats):
            raise UserError(f"--{option}: needs one of {', '.join(formats)} among the --formats")
    if args.int8 and not args.int8.is_dir():
        raise UserError(f"--int8 {args.int8}: no such folder")
    packages = [package for name in args.formats for package in FORMATS[name].packages]
    require("tensorflow", "keras", "h5py", *packages)
    for name in args.formats:
        FORMATS[name].prepare()
    # What is wrong with the run or the data is said before TensorFlow takes its seconds to load.
    from kerasseg.data.catalog import open_catalog
    from kerasseg.evaluation.temperature import read_temperature
    from kerasseg.runs.directory import RunDirectory

    temperature = None if args.temperature == "fit" else read_temperature(args.temperature)
    path = Path(args.run)
    RunDirectory(path).check_trained()
    config = load_config(RunDirectory(path).config, args.settings)
    catalog = open_catalog(config, splits=("val",))
    # All on the CPU: the files are held to ONNX Runtime there, a GPU would round otherwise (TF32),
    # and the process that checks the SavedModel would find no room on it.
    load_tensorflow(gpus=False)
    from kerasseg.export.check_images import CheckSamples
    from kerasseg.export.exporter import export_run
    from kerasseg.export.job import ExportOptions
    from kerasseg.runs.trained import open_run

    trained = open_run(path, tuple(args.settings))
    options = ExportOptions(
        formats=args.formats,
        probabilities=args.probabilities,
        int8=args.int8,
        variance=args.variance,
        temperature=temperature,
        unlabelled=args.unlabelled,
        size=args.size,
        float16=args.float16,
    )
    made = export_run(
        trained,
        CheckSamples(catalog, count=args.images),
        out=args.out or Path("exports") / trained.name,
        options=options,
        calibration=_calibrate(trained, catalog, options),
    )
    print(made)
    if args.zip:
        from kerasseg.data.storage import sha256_of
        from kerasseg.hub.archive import write_archive

        archive = made.parent / f"{trained.name}-{made.name}.zip"
        write_archive(made, archive)
        print(f"{archive}: sha256 {sha256_of(str(archive))}")


def _size(text: str) -> tuple[int, int]:
    height, comma, width = text.partition(",")
    if not comma:
        raise argparse.ArgumentTypeError(f"found {text!r}, allowed: height,width, such as 512,1024")
    side = whole_number(1)
    return side(height), side(width)


def _share(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"found {text}, allowed: number from 0 to below 1")
    return number


def _calibrate(run: TrainedRun, catalog: Catalog, options: ExportOptions) -> Calibration:
    from kerasseg.evaluation.fit_export import calibrate_export
    from kerasseg.evaluation.score_tables import temperature_line
    from kerasseg.inference.backends.graph import GraphPredictor

    calibration = calibrate_export(
        lambda t: GraphPredictor(run.graph(temperature=t, variance=False), run.description),
        catalog,
        temperature=options.temperature,
        unlabelled=options.unlabelled,
        progress=lambda what, total: progress_bar(what, total=total),
    )
    if calibration.fit is not None:
        print(temperature_line(calibration.fit))
    elif options.temperature is None:
        print("temperature 1: to fit it takes two validation images")
    if calibration.unlabelled is not None:
        above = calibration.unlabelled.above
        print(f"unlabelled where the uncertainty is above {above:.4g}")
    return calibration
