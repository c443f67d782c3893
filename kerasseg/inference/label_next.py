"""`predict --rank`: which images to look at or label next, by the uncertainty of their pixels."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kerasseg.drawing.overlay import INK, PAPER, hatch, overlay, stripe_period
from kerasseg.drawing.panels import heat_map, photo
from kerasseg.files import writing
from kerasseg.inference.pictures import write_pictures
from kerasseg.inference.result import Prediction

SHOWN = 12  # on the contact sheet
_WIDTH, _GAP, _CAPTION = 320, 8, 22  # pixels
_COLUMNS = ("image", "image_uncertainty", "unlabelled")


@dataclass(frozen=True, eq=False)
class RankedImage:
    """uncertainty: of the image, 0…1. unlabelled: share of its pixels, 0…1. thumbnail: the image
    under its labels beside its heat map."""

    path: Path
    uncertainty: float
    unlabelled: float
    thumbnail: Image.Image


@dataclass
class Ranking:
    """Collects images in any order; of all but the first SHOWN no picture is kept."""

    _images: list[tuple[float, str, float]] = field(default_factory=list)
    _top: list[RankedImage] = field(default_factory=list)

    def add(self, path: Path, image: np.ndarray, prediction: Prediction) -> None:
        """image: uint8 RGB (H, W, 3), the one that was predicted."""
        uncertainty, share = prediction.image_uncertainty, float(prediction.unlabelled.mean())
        self._images.append((uncertainty, str(path), share))
        if len(self._top) == SHOWN and _order(self._top[-1]) < (-uncertainty, str(path)):
            return
        self._top.append(RankedImage(path, uncertainty, share, _thumbnail(image, prediction)))
        self._top = sorted(self._top, key=_order)[:SHOWN]

    def write(self, file: Path) -> tuple[Path, Path]:
        """Writes the table, the least certain first, and beside it `<stem>.png` with the
        first SHOWN. Returns both paths. Raises UserError if one cannot be written."""
        sheet = file.with_suffix(".png")
        with writing(file, make_folder=True) as temporary:
            with temporary.open("w", newline="", encoding="utf-8") as stream:
                table = csv.writer(stream)
                table.writerow(_COLUMNS)
                for uncertainty, path, share in sorted(self._images, key=lambda i: (-i[0], i[1])):
                    table.writerow([path, f"{uncertainty:.6f}", f"{share:.6f}"])
            write_pictures({sheet: self._sheet()})
        return file, sheet

    def _sheet(self) -> Image.Image:
        """Two columns, read row by row."""
        font = ImageFont.load_default(size=14)
        width = 2 * _WIDTH + 2 * _GAP
        rows = [self._top[i : i + 2] for i in range(0, len(self._top), 2)]
        heights = [max(i.thumbnail.height for i in row) + _CAPTION + _GAP for row in rows]
        sheet = Image.new("RGB", (2 * width + _GAP, sum(heights) + _GAP), PAPER)
        draw = ImageDraw.Draw(sheet)
        number, top = 0, _GAP
        for row, height in zip(rows, heights, strict=True):
            for column, image in enumerate(row):
                number, left = number + 1, _GAP + column * width
                text = f"{number}. {_shortened(image.path.name)}: {image.uncertainty:.4f}"
                draw.text((left, top + _CAPTION // 2), text, INK, font, anchor="lm")
                sheet.paste(image.thumbnail, (left, top + _CAPTION))
            top += height
        return sheet


def _order(image: RankedImage) -> tuple[float, str]:
    return -image.uncertainty, str(image.path)


def _shortened(name: str, most: int = 60) -> str:
    return name if len(name) <= most else f"…{name[1 - most :]}"


def _thumbnail(image: np.ndarray, prediction: Prediction) -> Image.Image:
    small = np.asarray(photo(image, width=_WIDTH))
    size = small.shape[1], small.shape[0]
    nearest = Image.Resampling.NEAREST
    labels = np.asarray(Image.fromarray(prediction.labels).resize(size, nearest))
    label_set = prediction.label_set
    colored = overlay(small, label_set.colorize(labels), alpha=0.5)
    hatched = hatch(colored, labels >= label_set.num_classes, period=stripe_period(_WIDTH))
    pair = Image.new("RGB", (2 * _WIDTH + _GAP // 2, size[1]), PAPER)
    pair.paste(Image.fromarray(hatched), (0, 0))
    pair.paste(photo(heat_map(prediction.uncertainty), width=_WIDTH), (_WIDTH + _GAP // 2, 0))
    return pair
