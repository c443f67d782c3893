"""A video to a video of its labels, frame by frame: no more than a few frames are in memory."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.data.exif import UPRIGHT
from kerasseg.errors import UserError
from kerasseg.files import os_errors, temporary_folder, writing
from kerasseg.inference.pictures import blend, legend_page, write_pictures
from kerasseg.inference.predictor import Predictor
from kerasseg.inference.video.smoothing import TimeAverage
from kerasseg.inference.video.video_input import Frame, Video, open_video
from kerasseg.inference.video.video_output import VideoWriter

_ALPHA = 0.55  # as of pictures
FRAME_NAME = "frame_{:06d}.png"  # by its number among those that are shown, from 0


@dataclass(frozen=True)
class LabelledVideo:
    """frames: how many were labelled. problems: a line for each thing wrong with the video.
    turned: whether its metadata said that it has to be turned."""

    frames: int
    problems: tuple[str, ...]
    turned: bool


def label_video(
    predictor: Predictor,
    path: Path,
    target: Path,
    *,
    labels: Path | None = None,
    smooth: float | None = None,
    report: Callable[..., None] = lambda done, total=None: None,
) -> LabelledVideo:
    """Writes the video at `path` under the colours of its labels to `target`, an MP4: frames as
    large as they are, a legend below, at the times that they have in `path`; without sound.

    labels: a folder for `frame_000000.png` and on, 8-bit label ids of the data set; what a video
    left there before is replaced. smooth: seconds over which probabilities are averaged. report:
    takes the number of frames done, and how many there may be.
    Files are complete or not there at all. Raises UserError if `path` is no video, no frame can be
    decoded, or something cannot be written, and MemoryError or TensorFlow's error of memory.
    """
    average = None if smooth is None else TimeAverage(predictor, seconds=smooth)
    if labels is not None:
        _check_folder(labels)
    with open_video(path) as video, ExitStack() as stack:
        frames = video.frames()
        first = next(frames, None)
        if first is None:
            raise UserError(f"{path}: no frame of it can be decoded")
        temporary = stack.enter_context(writing(target, make_folder=True, ending=".mp4"))
        folder = None if labels is None else stack.enter_context(temporary_folder(labels.parent))
        height, width = first.pixels.shape[:2]
        page = legend_page(height, width, label_set=predictor.label_set)
        done = 0
        with _writer(temporary, page, video) as writer:
            for done, frame in enumerate(chain([first], frames), start=1):
                if average is None:
                    prediction = predictor.predict(frame.pixels)
                else:
                    seconds = float(frame.time * video.time_base)
                    prediction = average.predict(frame.pixels, time=seconds)
                page[:height, :width] = blend(
                    frame.pixels, prediction.labels, label_set=predictor.label_set, alpha=_ALPHA
                )
                writer.write(Frame(page, frame.time, frame.duration))
                if folder is not None:
                    picture = Image.fromarray(prediction.label_ids())
                    write_pictures({folder / FRAME_NAME.format(done - 1): picture})
                report(done, video.expected_frames)
        if folder is not None and labels is not None:
            _move(folder, labels)
        problems = tuple(video.problems(shown=done))
    return LabelledVideo(done, problems, turned=video.orientation != UPRIGHT)


def _writer(path: Path, page: np.ndarray, video: Video) -> VideoWriter:
    return VideoWriter(
        path,
        size=page.shape[:2],
        rate=video.rate,
        time_base=video.time_base,
        aspect_ratio=video.aspect_ratio,
    )


def _check_folder(folder: Path) -> None:
    """Raises UserError if it holds anything that no video left there."""
    if not folder.exists():
        return
    with os_errors(folder, "cannot be written"):
        foreign = sorted(
            path.name
            for path in folder.iterdir()
            if not (path.name.startswith("frame_") and path.suffix == ".png")
        )
    if foreign:
        raise UserError(f"{folder}: holds {foreign[0]}, allowed: only labels of frames")


def _move(folder: Path, target: Path) -> None:
    """`folder` becomes `target`, in place of what was there."""
    with os_errors(target, "cannot be written"):
        if target.exists():
            with temporary_folder(target.parent) as old:
                target.rename(old / "old")
                folder.rename(target)
                shutil.rmtree(old)
        else:
            folder.rename(target)
