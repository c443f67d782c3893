"""Label images with a trained or an exported model.

Writes for each image <name>_labels.png (the data set's own label ids),
<name>_overlay.png and <name>_uncertainty.png. A photo is turned upright by its
EXIF orientation: the labels are those of the image as viewers show it.
With --format they become polygons to be corrected in an annotation tool.
Of a video (.mp4 .mov .avi .mkv) <name>_overlay.mp4 is written, without sound.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasseg.commands.model import add_model_options, fetch_model, open_model
from kerasseg.commands.parser import CommandParser, one_of, positive
from kerasseg.commands.videos import (
    add_video_options,
    check_smoothing,
    check_videos,
    label_videos,
)
from kerasseg.errors import (
    DONE_IN_PART,
    UserError,
    interrupted_by_sigterm,
    is_out_of_memory,
    print_error,
)
from kerasseg.files import os_errors
from kerasseg.terminal import print_remarks, progress_bar

if TYPE_CHECKING:
    import numpy as np

    from kerasseg.inference.annotations.annotated import AnnotationWriter
    from kerasseg.inference.label_next import Ranking
    from kerasseg.inference.predictor import Predictor
    from kerasseg.labels import LabelSet

_TOOLS = "coco", "labelme", "cvat"  # the rows of kerasseg.inference.annotations


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a run directory, an export, a SavedModel, or an .onnx file (no TensorFlow needed), "
        "or a zip of an export, by its path or address",
    )
    parser.add_argument(
        "images",
        nargs="+",
        metavar="IMAGE",
        help="an image, a video, a folder (with all below it) or a pattern in quotes",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write into")
    parser.add_argument(
        "--rank",
        type=Path,
        metavar="FILE.csv",
        help="list the images, the least certain first, with a picture of the first in "
        "FILE.png; without --out nothing else is written",
    )
    parser.add_argument(
        "--submission",
        action="store_true",
        help="only a Cityscapes submission: <name>.png with labelIds, void as 0",
    )
    parser.add_argument(
        "--format",
        type=one_of(_TOOLS),
        metavar="TOOL",
        help="only polygons, as this tool reads them: " + ", ".join(_TOOLS),
    )
    parser.add_argument(
        "--tolerance",
        type=positive(or_zero=True),
        default=1.0,
        metavar="PIXELS",
        help="how far a polygon may be off, with --format (default: %(default)s)",
    )
    add_video_options(parser)
    add_model_options(parser)


def run(args: argparse.Namespace) -> int:
    """Returns the exit status: 0, or 1 if some images failed.

    Raises UserError for what stops it before the first image, and if no image could be done.
    """
    from kerasseg.data.remarks import left_out
    from kerasseg.inference.image_search import find_images, find_unused, is_video
    from kerasseg.inference.label_next import Ranking
    from kerasseg.inference.places import place_results, refuse_clashes

    _check(args)
    # What is wrong with the images is said before a model is loaded.
    movies = not (args.rank or args.submission or args.format)
    images = find_images(args.images, out=args.out, videos=movies)
    videos = list(filter(is_video, images))
    check_videos(videos, args)
    targets: dict[Path, tuple[Path, ...]] = dict.fromkeys(images, ())
    if args.out:
        targets = place_results(images, args.out, endings=lambda image: _endings(image, args))
        refuse_clashes(targets)
    args.model = fetch_model(args)
    predictor = open_model(args)
    if args.submission:
        _check_submission(predictor.label_set)
    check_smoothing(predictor, args)
    print_remarks(left_out("images", find_unused(args.images, out=args.out, videos=movies)))
    with interrupted_by_sigterm():
        writer = _annotation_writer(images, predictor.label_set, args)
        ranking = Ranking() if args.rank else None
        stills = {image: paths for image, paths in targets.items() if not is_video(image)}
        failed, turned = _predict_all(predictor, stills, args, writer, ranking)
        done = len(stills) - len(failed)
        if writer is not None:
            writer.finish()
        broken, damaged = label_videos(predictor, {v: targets[v] for v in videos}, args)
        failed += broken
    if failed:
        kinds = ["images"] * bool(stills) + ["videos"] * bool(videos)
        message = f"{len(failed)} of {len(images)} {' and '.join(kinds)} failed:"
        message = "\n".join([message, *failed])
        if len(failed) == len(images):
            raise UserError(message)
        print_error(message)
    if damaged:
        print_error("\n".join(damaged))
    upright = f", {turned} of them turned upright by their EXIF orientation" if turned else ""
    if ranking is not None:
        table, sheet = ranking.write(args.rank)
        print(f"{table}: {done} image{'' if done == 1 else 's'}, the first in {sheet}")
    if args.out and stills:
        print(f"{args.out}: {done} image{'' if done == 1 else 's'}{upright}")
    return DONE_IN_PART if failed or damaged else 0


def _check(args: argparse.Namespace) -> None:
    """Raises UserError for options that do not go together, and if there is nowhere to write to."""
    if args.format and args.submission:
        raise UserError("--format and --submission: allowed is one of them")
    if not (args.out or args.rank):
        raise UserError("--out: found none, allowed: --out DIR, --rank FILE.csv, or both")
    if args.rank and args.rank.suffix != ".csv":
        raise UserError(f"--rank: found {args.rank}, allowed: a file that ends in .csv")
    if not args.out and (args.submission or args.format):
        raise UserError(f"--{'submission' if args.submission else 'format'}: needs --out DIR")
    if args.out and args.out.exists() and not args.out.is_dir():
        raise UserError(f"--out: {args.out} is not a directory")


def _endings(image: Path, args: argparse.Namespace) -> list[str]:
    """Of the names of what is written for an image or a video."""
    from kerasseg.inference.annotations import ANNOTATIONS
    from kerasseg.inference.image_search import RESULTS, is_video

    if is_video(image):
        return ["_overlay.mp4", *["_labels"] * args.frame_labels]
    if args.format:
        form = ANNOTATIONS[args.format]
        return [] if form.one_file else [form.suffix]
    return [".png"] if args.submission else [f"_{result}.png" for result in RESULTS]


def _annotation_writer(
    images: Sequence[Path], label_set: LabelSet, args: argparse.Namespace
) -> AnnotationWriter | None:
    from kerasseg.inference.annotations import ANNOTATIONS
    from kerasseg.inference.annotations.annotated import AnnotationWriter

    if not args.format:
        return None
    base = Path(os.path.commonpath([os.path.abspath(image.parent) for image in images]))
    return AnnotationWriter(ANNOTATIONS[args.format], args.out, label_set, base, args.tolerance)


def _check_submission(label_set: LabelSet) -> None:
    """The server knows the labelIds of Cityscapes only."""
    from kerasseg.labels.builtin import CITYSCAPES

    known = {(name, label_id) for name, label_id, *_ in CITYSCAPES}
    own = set(zip(label_set.names, label_set.ids, strict=True)) | {
        (label_set.void_name, label_set.void_ids[0])
    }
    if not own <= known:
        name, label_id = min(own - known)
        raise UserError(
            f"--submission: the labels of {label_set.dataset} are not those of Cityscapes "
            f"({name} is label id {label_id})"
        )


def _predict_all(
    predictor: Predictor,
    targets: dict[Path, tuple[Path, ...]],
    args: argparse.Namespace,
    writer: AnnotationWriter | None,
    ranking: Ranking | None,
) -> tuple[list[str], int]:
    """Writes the results of all images.

    Returns a line for each image that could not be read or whose results could not be written, and
    how many were turned upright.
    """
    from kerasseg.data.exif import UPRIGHT
    from kerasseg.data.image_file import read_photo

    failed, turned = [], 0
    with progress_bar("predicting", total=len(targets)) as report:
        for done, (image, paths) in enumerate(targets.items(), start=1):
            try:
                pixels, orientation = read_photo(image)
            except UserError as error:
                failed.append(str(error))
            except MemoryError:
                failed.append(f"{image}: out of memory; {predictor.memory_advice}")
            else:
                turned += orientation != UPRIGHT
                # A folder that cannot be made is no fault of an image.
                if args.out:
                    with os_errors(args.out, "cannot be written"):
                        args.out.mkdir(parents=True, exist_ok=True)
                failed += _predict(predictor, image, pixels, paths, args, writer, ranking)
            report(done)
    return failed, turned


def _predict(
    predictor: Predictor,
    image: Path,
    pixels: np.ndarray,
    paths: tuple[Path, ...],
    args: argparse.Namespace,
    writer: AnnotationWriter | None,
    ranking: Ranking | None,
) -> list[str]:
    """Writes the results of one image, or returns the line that says why they are not there."""
    from PIL import Image

    from kerasseg.inference.pictures import write_pictures

    try:
        prediction = predictor.predict(pixels)
        if ranking is not None:
            ranking.add(image, pixels, prediction)
        if writer is not None:
            writer.add(prediction, image=image, target=paths[0] if paths else None)
        elif args.submission:
            write_pictures({paths[0]: Image.fromarray(prediction.label_ids())})
        elif args.out:
            prediction.save(paths[0].parent, image.stem, image=pixels)
    except UserError as error:
        return [str(error)]
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        # Smaller images still fit.
        return [f"{image}: out of memory; {predictor.memory_advice}"]
    return []
