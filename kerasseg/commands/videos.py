"""What `predict` does with videos: its options for them, and what it says meanwhile."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.commands.parser import CommandParser, positive
from kerasseg.errors import UserError, is_out_of_memory
from kerasseg.terminal import progress_bar

if TYPE_CHECKING:
    from kerasseg.inference.predictor import Predictor


def add_video_options(parser: CommandParser) -> None:
    """Adds `--smooth` and `--frame-labels`."""
    parser.add_argument(
        "--smooth",
        type=positive(),
        metavar="SECONDS",
        help="average the probabilities of a video over about this time, against flicker",
    )
    parser.add_argument(
        "--frame-labels",
        action="store_true",
        help="also a folder <name>_labels of label PNGs, one for each frame of a video",
    )


def check_videos(videos: Sequence[Path], args: argparse.Namespace) -> None:
    """Raises UserError for options that videos do not have, or only they, and without PyAV."""
    from kerasseg.inference.video.video_input import need_av

    for option in ("rank", "submission", "format"):
        if videos and getattr(args, option):
            raise UserError(f"--{option}: found a video, {videos[0]}, allowed: images")
    for option in ("smooth", "frame_labels"):
        if getattr(args, option) and not videos:
            raise UserError(f"--{option.replace('_', '-')}: found no video among the images")
    if videos:
        need_av()


def check_smoothing(predictor: Predictor, args: argparse.Namespace) -> None:
    """Raises UserError for --smooth with a model that gives no probabilities."""
    if args.smooth and not predictor.gives_probabilities:
        raise UserError(
            f"--smooth: {args.model} gives no probabilities to average; "
            "export.py --probabilities adds them"
        )


def label_videos(
    predictor: Predictor, targets: Mapping[Path, tuple[Path, ...]], args: argparse.Namespace
) -> tuple[list[str], list[str]]:
    """Writes the results of each video to its targets, with a line on stdout for each.

    Returns a line for each video of which nothing was written, and one for each thing wrong with
    the others.
    """
    failed: list[str] = []
    damaged: list[str] = []
    for video, paths in targets.items():
        try:
            damaged += _label(predictor, video, paths, args)
        except UserError as error:
            failed.append(str(error))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            failed.append(f"{video}: out of memory; {predictor.memory_advice}")
    return failed, damaged


def _label(
    predictor: Predictor, video: Path, paths: tuple[Path, ...], args: argparse.Namespace
) -> tuple[str, ...]:
    from kerasseg.inference.video.labelling import label_video

    target, *labels = paths
    start = time.perf_counter()
    with progress_bar(video.name, unit="frames") as report:
        answer = label_video(
            predictor,
            video,
            target,
            labels=labels[0] if labels else None,
            smooth=args.smooth,
            report=report,
        )
    rate = answer.frames / (time.perf_counter() - start)
    frames = f"{answer.frames} frame{'' if answer.frames == 1 else 's'}"
    turned = ", turned upright by its metadata" if answer.turned else ""
    print(f"{target}: {frames}, {rate:.1f} a second{turned}")
    return answer.problems
