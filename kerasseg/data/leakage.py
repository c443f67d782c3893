"""What training and validation share, so that scores say little of new images: frames of one video,
told by their names, and images that look alike, whatever their files.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

from kerasseg.data.contents import image_of
from kerasseg.data.samples import Sample

HASH_SIDE = 16  # 256 bits an image
# Of the 256 bits. CamVid's validation images saved as JPEG of quality 40, halved or made a quarter
# brighter differ from themselves in 17 at most, cut by 2 % at each side in 42; from the training
# images they differ in 79 at least (benchmarks/look_alikes.py).
ALIKE = 48
_PAIRS = 1 << 22  # compared at a time: 128 MiB
_COPY = re.compile(r"(?:_(?:jpe?g|png|bmp|webp|tiff?))?\.rf\.\w+$", re.I)  # augmented by Roboflow
_NUMBER = re.compile(r"[_\-. ]*(\d+)$")


def group_of(name: str) -> str:
    """What frames of one video share: the folders and the name without the number at its end."""
    path = PurePosixPath(name)
    # Of drive_000001_000019, drive_000001 is the video.
    return f"{path.parent}/{_NUMBER.sub('', _COPY.sub('', path.name))}"


@dataclass(frozen=True)
class SharedVideo:
    """Names of one beginning in both splits. train, val: how many. apart: the least difference of
    the numbers at their ends."""

    name: str
    train: int
    val: int
    apart: int


@dataclass(frozen=True)
class Alike:
    """A validation image and the training image most like it. bits: of 256, those that differ."""

    val: Sample
    train: Sample
    bits: int


def shared_videos(train: Iterable[str], val: Iterable[str]) -> list[SharedVideo]:
    """Videos of which both have frames, by the names of their images; the closest first.

    Names that are nothing but a number tell of no video.
    """
    frames: dict[str, tuple[list[int], list[int]]] = {}
    for place, names in enumerate((train, val)):
        for name in names:
            number, group = _NUMBER.search(_COPY.sub("", name)), group_of(name)
            if number and not group.endswith("/"):
                frames.setdefault(group, ([], []))[place].append(int(number[1]))
    found = []
    for group, (ours, theirs) in frames.items():
        if ours and theirs:
            ours, values = sorted(ours), np.array(theirs)
            right = np.searchsorted(ours, values)
            numbers = np.array([-np.inf, *ours, np.inf])
            apart = np.minimum(values - numbers[right], numbers[right + 1] - values).min()
            found.append(SharedVideo(group.removeprefix("./"), len(ours), len(values), int(apart)))
    return sorted(found, key=lambda video: (video.apart, video.name))


def image_hash(image: np.ndarray) -> np.ndarray:
    """uint8 (32,): for each of 16 x 16 fields whether it is brighter than its left neighbour.

    image: uint8 (H, W, 3). What changes brightness, size or compression changes few of the bits.
    Source: the difference hash, N. Krawetz, "Kind of Like That", 2013.
    """
    size = HASH_SIDE + 1, HASH_SIDE
    gray = Image.fromarray(image).convert("L").resize(size, Image.Resampling.BOX)
    fields = np.asarray(gray, np.int16)
    return np.packbits(fields[:, 1:] > fields[:, :-1])


def look_alikes(
    train: Sequence[Sample],
    val: Sequence[Sample],
    *,
    progress: Callable[[int], object] = lambda done: None,
) -> list[Alike]:
    """Each validation image that differs from a training image in `ALIKE` bits at most; the most
    alike first. progress: takes the number of images read. Raises UserError for one that cannot be.
    """
    hashes = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            results = pool.map(lambda sample: image_hash(image_of(sample)), [*train, *val])
            for done, result in enumerate(results, start=1):
                hashes.append(result)
                progress(done)
        except BaseException:  # Ctrl-C waits for what has begun, not for all the rest
            pool.shutdown(cancel_futures=True)
            raise
    ours = np.array(hashes[: len(train)]).view(np.uint64)
    theirs = np.array(hashes[len(train) :]).view(np.uint64)
    found = []
    rows = max(1, _PAIRS // len(train))
    for start in range(0, len(val), rows):
        differing = np.bitwise_count(theirs[start : start + rows, None] ^ ours)
        bits = differing.sum(axis=-1, dtype=np.uint16)
        for row, column in enumerate(bits.argmin(axis=1)):
            if bits[row, column] <= ALIKE:
                found.append(Alike(val[start + row], train[column], int(bits[row, column])))
    return sorted(found, key=lambda pair: (pair.bits, pair.val.name))
