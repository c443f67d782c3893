"""Draws the embedded data set to disk, in the layout of Cityscapes."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.files import os_errors, temporary_folder
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.scene import draw_scene

CITIES = {
    "train": ("ahornstadt", "birkenau", "lindenfels", "rosental"),
    "val": ("kirschburg", "weidenhain"),
}
_SPLIT_KEYS = {"train": 0, "val": 1}
_RUN = 40  # so many images in a row are of one city


def draw_image(seed: int, split: str, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Image `index` of a split: it depends on nothing but these three.

    Returns the picture, uint8 (256, 512, 3) RGB, and its label ids, uint8 (256, 512). Label id 0,
    an object of no class, occurs only in val, in about 6 of 10 images.
    """
    dice = Dice((seed, _SPLIT_KEYS[split], index))
    unknowns = 0
    if split == "val" and dice.chance(0.6):
        unknowns = 1 if dice.chance(0.75) else 2
    return draw_scene(dice, unknowns=unknowns)


def image_stem(split: str, index: int) -> str:
    """city/city_sequence_frame, the part of the path that picture and labels share."""
    cities = CITIES[split]
    city = cities[index // _RUN % len(cities)]
    return f"{city}/{city}_{index // _RUN:06d}_{index % _RUN:06d}"


def draw_streets(
    root: Path,
    *,
    train: int,
    val: int,
    seed: int,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Draws `train` + `val` images (each >= 0) and their labels into `root`.

    The whole is built beside `root` and renamed into place, so `root` is complete or absent.
    The first n images are the same however many are drawn. Beside the label ids, val has
    `*_gtFine_unknown.png`: 255 on objects of no class, 0 elsewhere.
    workers: processes; None: two, or one on a machine with one core.
    progress: called with (images done, images in all) after each image.
    Raises UserError if `root` exists and is not an empty folder, or has no place to be made in.
    """
    root = Path(root)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UserError(
            f"{root}: exists already; streets are drawn only into a new or empty folder"
        )
    with temporary_folder(root.parent) as building, os_errors(root, "cannot be drawn"):
        jobs = [(building, seed, "train", i) for i in range(train)]
        jobs += [(building, seed, "val", i) for i in range(val)]
        _make_folders(building, jobs)
        count = min(2, os.cpu_count() or 1) if workers is None else workers
        _run(jobs, count if len(jobs) > 8 else 1, progress)
        try:
            os.replace(building, root)
        except OSError:
            # Another process may have drawn the same meanwhile, and been first.
            if not (root.is_dir() and any(root.iterdir())):
                raise


def _run(jobs: list, workers: int, progress: Callable[[int, int], None] | None) -> None:
    def report(done: int) -> None:
        if progress is not None:
            progress(done, len(jobs))

    if workers <= 1:
        for done, job in enumerate(jobs, 1):
            _draw_to_disk(job)
            report(done)
        return
    # spawn: the caller may already hold threads, and a forked child would inherit their locks.
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_parent
    )
    try:
        for done, _ in enumerate(pool.map(_draw_to_disk, jobs, chunksize=8), 1):
            report(done)
    except BrokenProcessPool:
        # A child could not start (a caller without a main module to import) or was killed.
        _run(jobs, 1, progress)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _make_folders(building: Path, jobs: list) -> None:
    for _, _, split, index in jobs:
        city = Path(image_stem(split, index)).parent
        for kind in ("leftImg8bit", "gtFine"):
            (building / kind / split / city).mkdir(parents=True, exist_ok=True)


def _draw_to_disk(job: tuple[Path, int, str, int]) -> None:
    building, seed, split, index = job
    picture, labels = draw_image(seed, split, index)
    stem = image_stem(split, index)
    truth = building / "gtFine" / split / stem
    Image.fromarray(picture).save(
        building / "leftImg8bit" / split / f"{stem}_leftImg8bit.png", compress_level=3
    )
    Image.fromarray(labels).save(f"{truth}_gtFine_labelIds.png", compress_level=6)
    if split == "val":
        unknown = np.where(labels == Id.UNKNOWN, np.uint8(255), np.uint8(0))
        Image.fromarray(unknown).save(f"{truth}_gtFine_unknown.png", compress_level=6)
