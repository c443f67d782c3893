"""What a person should know of a data set that is in order, before a training."""

import hashlib
import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from kerasseg.data.exif import UPRIGHT, swaps_sides
from kerasseg.data.facts import Facts
from kerasseg.data.samples import Sample

_STRETCH = 1.25  # between the shapes of images and working size, before it is worth a remark
_STEP = 32  # pixels: what suggested sides are a multiple of, the coarsest stride of an encoder


def left_out(source: str, paths: Sequence[Path]) -> list[str]:
    """How many files are not used. source: the split or option they belong to. paths: all of them,
    the example first."""
    if not paths:
        return []
    what = "file is" if len(paths) == 1 else "files are"
    return [f"{source}: {len(paths)} {what} not used, such as {paths[0]}"]


def absent_classes(split: str, names: Sequence[str], pixels: Sequence[int]) -> list[str]:
    """Which classes a net that is trained on `split` never sees. pixels: of each class."""
    absent = [name for name, count in zip(names, pixels, strict=True) if not count]
    return [f"never in {split}: {', '.join(absent)}"] if absent else []


def repeated_images(train: Sequence[Sample], val: Sequence[Sample]) -> list[str]:
    """How many validation images are training images, too, byte for byte.

    Only files of one size are read. Raises OSError.
    """
    by_size: dict[int, list[Sample]] = {}
    for sample in train:
        by_size.setdefault(sample.image.stat().st_size, []).append(sample)
    content: dict[Path, bytes] = {}

    def digest(path: Path) -> bytes:
        if path not in content:
            with open(path, "rb") as file:
                content[path] = hashlib.file_digest(file, "sha256").digest()
        return content[path]

    pairs = []
    for sample in val:
        alike = by_size.get(sample.image.stat().st_size, [])
        same = next((s for s in alike if digest(s.image) == digest(sample.image)), None)
        if same is not None:
            pairs.append((sample.image, same.image))
    if not pairs:
        return []
    image, twin = pairs[0]
    return [
        f"val: {len(pairs)} of {len(val)} images are training images, byte for byte, such as "
        f"{image} and {twin}: scores on them say nothing of new images"
    ]


def turned_photos(split: str, samples: Sequence[Sample], facts: Sequence[Facts]) -> list[str]:
    """How many photos are turned by their EXIF, and what is assumed of their labels."""
    pairs = list(zip(samples, facts, strict=True))
    turned = [(sample, fact) for sample, fact in pairs if fact.orientation != UPRIGHT]
    if not turned:
        return []
    text = (
        f"{split}: {len(turned)} of {len(pairs)} images have an EXIF orientation "
        f"({turned[0][0].image.name}) and are turned upright"
    )
    silent = [
        sample
        for sample, fact in turned
        if not swaps_sides(fact.orientation) or fact.height == fact.width
    ]
    if silent:
        text += (
            f"; the size of {len(silent)} does not tell in which frame the label was drawn "
            f"({silent[0].image.name}): it is taken as drawn on the upright image, as viewers show "
            "it"
        )
    return [text]


def other_shape(
    facts: Sequence[Facts], working_size: tuple[int, int], *, stretched: bool
) -> list[str]:
    """Whether the images are of another shape than the working size (height, width), and which
    size of about as many pixels has theirs.

    facts: of the images that are trained on. stretched: whether all images of the data set have
    one size, and are stretched to the working size; otherwise what they lack is padded.
    """
    shape = statistics.median(fact.height / fact.width for fact in facts)
    if _stretch(working_size, shape) < _STRETCH:
        return []
    what = "pads most images"
    if stretched:
        what = f"stretches images of {facts[0].width} x {facts[0].height} pixels"
    better = _near(working_size, shape)
    other = "" if better is None else f"; {list(better)}, about as many pixels, has their shape"
    return [f"data.image_size: {list(working_size)} (height, width) {what}{other}"]


def _stretch(size: tuple[int, int], shape: float) -> float:
    """By how much more one axis is stretched than the other, >= 1. shape: height over width."""
    ratio = size[0] / size[1] / shape
    return max(ratio, 1 / ratio)


def _near(size: tuple[int, int], shape: float) -> tuple[int, int] | None:
    """Of the sizes with sides that suit an encoder, the nearest with about this shape."""
    area = size[0] * size[1]
    options = []
    for height in range(_STEP, math.isqrt(int(2 * area * shape)) + 2 * _STEP, _STEP):
        width = max(_STEP, _STEP * round(height / shape / _STEP))
        change, stretch = abs(math.log(height * width / area)), _stretch((height, width), shape)
        if change < math.log(1.5) and stretch < _STRETCH:
            options.append((change + math.log(stretch), (height, width)))
    return min(options)[1] if options else None
