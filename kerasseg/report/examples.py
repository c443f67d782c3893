"""The images that went best and worst, with what the net made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.data.catalog import Catalog
from kerasseg.data.contents import image_of, label_of
from kerasseg.data.samples import Sample, take_evenly
from kerasseg.drawing.overlay import label_picture
from kerasseg.drawing.panels import heat_map, photo
from kerasseg.inference.predictor import Predictor
from kerasseg.labels import VOID
from kerasseg.metrics.image_scores import ImageScore

_WIDTH = 480  # pixels of a picture in the page
_PANEL_WIDTH = 1040  # of four pictures side by side
_RIGHT, _WRONG, _NOT_ASKED = (236, 239, 242), (203, 62, 56), (255, 255, 255)


@dataclass(frozen=True)
class Example:
    """pictures: (caption, RGB picture, whether it is a photo). miou: of this image alone."""

    name: str
    miou: float | None
    pictures: tuple[tuple[str, Image.Image, bool], ...]


def best_and_worst(
    images: Sequence[ImageScore], *, count: int
) -> tuple[list[ImageScore], list[ImageScore]]:
    """The `count` highest and lowest by mean IoU. No image is in both."""
    scored = [(image.miou, image) for image in images if image.miou is not None]
    ranked = [image for _, image in sorted(scored, key=lambda pair: (-pair[0], pair[1].name))]
    count = min(count, len(ranked) // 2)
    return ranked[:count], ranked[::-1][:count]


def some_panels(folder: Path, *, count: int) -> list[tuple[str, Image.Image]]:
    """(name, RGB picture) of at most `count` of a run's panels, evenly spread."""
    pictures = []
    for path in take_evenly(sorted(folder.glob("*.png")), count, with_last=True):
        with Image.open(path) as file:
            panel = file.convert("RGB")
        panel.thumbnail((_PANEL_WIDTH, _PANEL_WIDTH))
        pictures.append((path.stem, panel))
    return pictures


def draw_example(
    score: ImageScore, *, predictor: Predictor, catalog: Catalog, split: str
) -> Example:
    """The image, its answer, its target, where they differ, and the uncertainty."""
    sample = next(s for s in catalog.splits[split] if s.name == score.name)
    pictures = predicted_pictures(sample, predictor=predictor, catalog=catalog)
    return Example(name=score.name, miou=score.miou, pictures=pictures)


def predicted_pictures(
    sample: Sample, *, predictor: Predictor, catalog: Catalog
) -> tuple[tuple[str, Image.Image, bool], ...]:
    """As of `Example`: the image, what is made of it, what it should be, and how sure that is."""
    label_set = catalog.label_set
    image, target = image_of(sample), label_of(sample, catalog)
    prediction = predictor.predict(image)
    errors = np.empty((*target.shape, 3), np.uint8)
    errors[...] = np.where((prediction.labels == target)[..., None], _RIGHT, _WRONG)
    errors[target == VOID] = _NOT_ASKED
    return (
        ("image", photo(image, width=_WIDTH), True),
        ("prediction", label_picture(prediction.labels, label_set, width=_WIDTH), False),
        ("target", label_picture(target, label_set, width=_WIDTH), False),
        ("wrong pixels in red", _errors(errors), False),
        ("uncertainty, 0 to 1", photo(heat_map(prediction.uncertainty), width=_WIDTH), True),
    )


def _errors(pixels: np.ndarray) -> Image.Image:
    height = max(1, round(pixels.shape[0] * _WIDTH / pixels.shape[1]))
    return Image.fromarray(pixels).resize((_WIDTH, height), Image.Resampling.NEAREST)
