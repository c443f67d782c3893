"""Exports a run: python export.py RUN [--out DIR] [--formats savedmodel,onnx] [key=value …]"""

import os
import sys
from pathlib import Path

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import CommandParser, whole_number
from kerasseg.config import load_config
from kerasseg.config.words import suggestion
from kerasseg.errors import UserError, run_command

FORMATS = ("savedmodel", "onnx")
CONFIDENCES = ("softmax", "expected")


def formats(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in FORMATS:
            raise UserError(
                f"--formats: found {name}, allowed: {', '.join(FORMATS)}{suggestion(name, FORMATS)}"
            )
    if not names:
        raise UserError(f"--formats: found none, allowed: {', '.join(FORMATS)}")
    return names


def main() -> None:
    parser = CommandParser(
        prog="python export.py",
        arguments="RUN [--out DIR] [--formats savedmodel,onnx]\n"
        "                        [--probabilities] [--temperature T]\n"
        "                        [--confidence softmax|expected]\n"
        "                        [--int8 DIR] [--images N] [key=value ...] [--help]",
        description="Exports the best weights of a run as SavedModel and ONNX, and checks that\n"
        "both answer as the Keras model does. Settings such as data.root=DIR or\n"
        "serving.max_pixels=N go over those of the run.",
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run directory")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="a setting of the run")
    parser.add_argument("--out", type=Path, metavar="DIR", help="(default: exports/<name>)")
    parser.add_argument("--formats", metavar="LIST", default=",".join(FORMATS),
                        help="what to write (default: %(default)s)")  # fmt: skip
    parser.add_argument(
        "--probabilities", action="store_true", help="ONNX: a fourth output, (B, H, W, classes)"
    )
    parser.add_argument(
        "--temperature",
        metavar="T",
        default="1",
        help="divides the logits of confidence and probabilities: a number, or the file that "
        "evaluate --temperature --json wrote",
    )
    parser.add_argument(
        "--confidence",
        metavar="KIND",
        default=CONFIDENCES[0],
        help="softmax: the largest probability; expected: about its mean over Dropout, which "
        "points at unknown things, too (default: %(default)s)",
    )
    parser.add_argument(
        "--int8", type=Path, metavar="DIR", help="also model.int8.onnx, calibrated on these images"
    )
    parser.add_argument(
        "--images",
        type=whole_number(1),
        metavar="N",
        default=50,
        help="validation images to check on (default: %(default)s)",
    )
    args = parser.parse(sys.argv[1:])
    chosen = formats(args.formats)
    if args.confidence not in CONFIDENCES:
        raise UserError(
            f"--confidence: found {args.confidence}, allowed: {', '.join(CONFIDENCES)}"
            f"{suggestion(args.confidence, CONFIDENCES)}"
        )
    if args.int8 and "onnx" not in chosen:
        raise UserError("--int8: needs onnx among the --formats")
    if args.int8 and not args.int8.is_dir():
        raise UserError(f"--int8 {args.int8}: no such folder")
    # What is wrong with the run or the data is said before TensorFlow takes its seconds to load.
    from kerasseg.data.catalog import open_catalog
    from kerasseg.evaluation.temperature import read_temperature
    from kerasseg.runs.directory import RunDirectory

    temperature = read_temperature(args.temperature)
    run_directory = RunDirectory(args.run)
    run_directory.check_trained()
    config = load_config(run_directory.config, args.settings)
    catalog = open_catalog(config, splits=("val",))
    # All on the CPU: the files are held to ONNX Runtime there, a GPU would round otherwise (TF32),
    # and the process that checks the SavedModel would find no room on it.
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    load_tensorflow()
    from kerasseg.export.check_images import CheckSamples
    from kerasseg.export.exporter import ExportOptions, export_run
    from kerasseg.runs.trained import open_run

    run = open_run(args.run, tuple(args.settings))
    made = export_run(
        run,
        CheckSamples(catalog, count=args.images),
        out=args.out or Path("exports") / run.name,
        options=ExportOptions(chosen, args.probabilities, args.int8, temperature, args.confidence),
    )
    print(made)


if __name__ == "__main__":
    sys.exit(run_command(main))
