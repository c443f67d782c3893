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


def other_shape(facts: Sequence[Facts], working_size: tuple[int, int]) -> list[str]:
    """Whether the images are of another shape than the working size (height, width), and which
    size of about as many pixels has theirs. facts: of the images that are trained on."""
    height, width = working_size
    shape = statistics.median(fact.height / fact.width for fact in facts)
    stretch = shape * width / height
    if max(stretch, 1 / stretch) < _STRETCH:
        return []
    sides = (math.sqrt(height * width * shape), math.sqrt(height * width / shape))
    better = [max(_STEP, _STEP * round(side / _STEP)) for side in sides]
    if len({(fact.height, fact.width) for fact in facts}) == 1:
        cost = f"stretches images of {facts[0].width} x {facts[0].height} pixels"
    else:
        cost = "pads most images"
    return [
        f"data.image_size: {[height, width]} (height, width) {cost}; {better} has their shape, for "
        "about as many pixels"
    ]
