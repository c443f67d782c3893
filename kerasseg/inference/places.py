"""Where the results of each image are written."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from kerasseg.errors import UserError


def place_results(
    images: Sequence[Path], out: Path, *, endings: Callable[[Path], Sequence[str]]
) -> dict[Path, tuple[Path, ...]]:
    """What is written for each image, into `out` itself; where two images of different folders have
    one name, all go below `out` as they lie below the folder that they have in common.

    endings: of an image, those of the names of its results.
    """
    parents = [Path(os.path.abspath(image.parent)) for image in images]
    places = {(parent, image.stem) for parent, image in zip(parents, images, strict=True)}
    mirrored = len({stem for _, stem in places}) < len(places)
    common = os.path.commonpath(parents)
    targets = {}
    for image, parent in zip(images, parents, strict=True):
        folder = out / parent.relative_to(common) if mirrored else out
        targets[image] = tuple(folder / f"{image.stem}{end}" for end in endings(image))
    return targets


def refuse_clashes(targets: dict[Path, tuple[Path, ...]]) -> None:
    """Raises UserError if a result would be written twice, or over an image that was given."""
    sources = {image.resolve(): image for image in targets}
    written: dict[Path, Path] = {}
    lines = []
    for image, paths in targets.items():
        for path in paths:
            if path.resolve() in sources:
                lines.append(f"{path}: would be written over an image; choose another --out")
            elif path in written:
                lines.append(f"{path}: would be written for both {written[path]} and {image}")
                break
            written[path] = image
    if lines:
        raise UserError("\n".join(lines))
