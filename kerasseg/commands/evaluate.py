"""Score a model, or label PNGs, on a split of a data set.

At native size; of the settings only data.* counts. With --anomalies instead of
--config: do its uncertainty scores find what no class covers?
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.backend import require
from kerasseg.commands.model import (
    add_model_options,
    fetch_model,
    kind_of,
    needs_tensorflow,
    open_model,
)
from kerasseg.commands.parser import CommandParser
from kerasseg.config import load_config
from kerasseg.errors import UserError
from kerasseg.files import write_json
from kerasseg.terminal import print_remarks, progress_bar

if TYPE_CHECKING:
    import numpy as np

    from kerasseg.evaluation.anomalies import AnomalyScores
    from kerasseg.evaluation.answers import AnswerSource
    from kerasseg.evaluation.monte_carlo import DropoutScores
    from kerasseg.inference.predictor import Predictor
    from kerasseg.metrics.split_scores import SplitScores

_TIMED_IMAGES = 10


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a run directory, an export, a SavedModel, an .onnx file, a zip of an export, by its "
        "path or address, or a folder of label PNGs",
    )
    parser.add_config(required=False)
    parser.add_argument(
        "--split", metavar="NAME", default="val", help="what to score (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the scores to FILE")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw curves into DIR, as SVG")
    parser.add_argument(
        "--boundaries", action="store_true", help="also the scores at edges (seconds an image)"
    )
    parser.add_argument(
        "--temperature",
        action="store_true",
        help="also fit the temperature that calibrates best: on half of the images, scored on the "
        "other half",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="runs only: also Monte Carlo Dropout and other scores, and the time of each",
    )
    parser.add_argument(
        "--anomalies",
        type=Path,
        metavar="DIR",
        help="instead of a split: photos NAME.jpg with masks NAME_labels.png, nonzero on objects "
        "that no class covers",
    )
    add_model_options(parser)
    parser.add_settings()


def run(args: argparse.Namespace) -> None:
    """Raises UserError for what the user can mend."""
    _check(args)
    from kerasseg.evaluation.score_tables import (
        print_scores,
        print_uncertainty_scores,
        print_unknown_objects,
        print_unlabelled,
    )

    if args.anomalies:
        found = _anomalies(args)
        _write(args, found)
        title = f"{args.anomalies.name}: {found.unknown.images} images"
        print_uncertainty_scores(title, errors=None, unknown=found.unknown)
        print_unknown_objects(found.unknown_objects)
        print_unlabelled(found.unlabelled)
        return
    scores = _split(args)
    _write(args, scores)
    if args.plots:
        from kerasseg.drawing.score_charts import write_plots

        write_plots(
            args.plots,
            calibration=scores.calibration,
            errors=scores.errors,
            boundaries=scores.boundaries,
            unlabelled=scores.unlabelled,
            miou=scores.overlap.miou,
        )
    print_scores(scores)


def _write(args: argparse.Namespace, scores: SplitScores | AnomalyScores) -> None:
    if args.json:
        write_json(args.json, scores.to_json(), called=f"--json {args.json}")


def _check(args: argparse.Namespace) -> None:
    """Raises UserError for options that do not go together, and for what is not there."""
    if args.anomalies and (args.config or args.boundaries or args.temperature or args.plots):
        raise UserError(
            "--anomalies: cannot be combined with --config, --boundaries, --temperature or --plots"
        )
    if not (args.anomalies or args.config):
        raise UserError("--config: found none, allowed: --config FILE, or --anomalies DIR instead")
    views = args.flip or args.scales != (1.0,)
    if views and (args.temperature or args.compare):
        raise UserError("--scales, --flip: cannot be combined with --temperature or --compare")
    args.model = fetch_model(args)
    if not args.model.exists():
        raise UserError(f"{args.model}: no such file or directory")
    if views and _holds_label_pngs(args.model):
        raise UserError(f"{args.model}: label PNGs have no views for --scales or --flip")
    if args.plots:
        require("matplotlib")
    if args.provider and _holds_label_pngs(args.model):
        raise UserError(f"{args.model}: label PNGs need no --provider")
    if not _holds_label_pngs(args.model) and needs_tensorflow(args):
        require("tensorflow")


def _split(args: argparse.Namespace) -> SplitScores:
    config = load_config(args.config, args.settings)
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.contents import image_of
    from kerasseg.data.samples import take_evenly
    from kerasseg.evaluation.answers import answers_of
    from kerasseg.evaluation.fit_export import calibrate
    from kerasseg.evaluation.png_answers import PngAnswers
    from kerasseg.evaluation.split import evaluate_split

    pngs = _holds_label_pngs(args.model)
    if pngs and (args.temperature or args.compare):
        raise UserError(f"{args.model}: label PNGs have no logits for --temperature or --compare")
    catalog = open_catalog(config, splits=(args.split,))
    print_remarks(catalog.remarks)
    samples = catalog.splits[args.split]
    predictor, rivals = (None, None) if pngs else _open(args)
    answers: AnswerSource
    if predictor is None:
        answers = PngAnswers(args.model, catalog, args.split)
    else:
        answers = answers_of(predictor, catalog.label_set, more=_more(rivals))
    with progress_bar("evaluating", total=len(samples)) as report:
        scores = evaluate_split(
            answers, catalog, split=args.split, each_image=report, boundaries=args.boundaries
        )
    if args.temperature and predictor is not None:
        with progress_bar("calibrating", total=len(samples)) as report:
            fit = calibrate(predictor, catalog, split=args.split, each_image=report)
        scores = replace(scores, temperature=fit)
    if rivals is not None:
        from kerasseg.evaluation.score_times import score_times

        images = [image_of(sample) for sample in take_evenly(samples, _TIMED_IMAGES)]
        scores = replace(scores, seconds=score_times(rivals, images))
    return scores


def _anomalies(args: argparse.Namespace) -> AnomalyScores:
    from kerasseg.data.remarks import left_out
    from kerasseg.evaluation.anomalies import evaluate_anomalies, find_anomalies, unused_files
    from kerasseg.evaluation.answers import answers_of

    samples = find_anomalies(args.anomalies)
    unused = unused_files(args.anomalies, samples)
    print_remarks(left_out(f"--anomalies {args.anomalies}", unused))
    if _holds_label_pngs(args.model):
        raise UserError(f"{args.model}: label PNGs have no uncertainty scores for --anomalies")
    predictor, rivals = _open(args)
    answers = answers_of(predictor, predictor.label_set, more=_more(rivals))
    with progress_bar("evaluating", total=len(samples)) as report:
        return evaluate_anomalies(answers, samples, predictor.label_set, each_image=report)


def _open(args: argparse.Namespace) -> tuple[Predictor, DropoutScores | None]:
    """The model, and what `--compare` asks of it besides."""
    if args.compare and kind_of(args) != "run":
        raise UserError(f"--compare: needs a run directory, {args.model} is an export")
    predictor = open_model(args)
    if not args.compare:
        return predictor, None
    from kerasseg.evaluation.monte_carlo import DropoutScores
    from kerasseg.inference.backends.graph import GraphPredictor

    assert isinstance(predictor, GraphPredictor)
    return predictor, DropoutScores(predictor.graph)


def _more(
    rivals: DropoutScores | None,
) -> Callable[[np.ndarray], Mapping[str, np.ndarray]]:
    """Of an image, the further scores of `--compare`."""
    if rivals is None:
        return lambda image: {}
    return lambda image: {name: v.numpy()[0] for name, v in rivals(image[None]).items()}


def _holds_label_pngs(path: Path) -> bool:
    marks = ("config.yaml", "saved_model.pb", "latest", "model.onnx")
    return (
        path.is_dir()
        and not any((path / mark).exists() for mark in marks)
        and any(path.rglob("*.png"))
    )
