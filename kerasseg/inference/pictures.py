"""What a prediction looks like: colours over the photo, a heat map, and how they are written."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kerasseg.drawing.overlay import INK, PAPER, draw_legend, hatch, overlay, stripe_period
from kerasseg.drawing.panels import heat_map
from kerasseg.files import writing
from kerasseg.labels import LabelSet

_NARROWEST = 360  # pixels; a smaller image stands at the left of a picture this wide
_ROWS = 256  # mixed at a time: floats of a whole large image would take gigabytes
_COMPRESSION = 3  # of 9: three times faster than the default for 5 % more bytes


def _font_size(width: int) -> int:
    return min(32, max(13, round(width / 80)))


def _above(picture: Image.Image, strip: Image.Image, *, gap: int) -> Image.Image:
    """The picture at the top left, and a gap and the strip below."""
    height = picture.height + gap + strip.height + gap // 2
    page = Image.new("RGB", (max(picture.width, strip.width), height), PAPER)
    page.paste(picture, (0, 0))
    page.paste(strip, (0, picture.height + gap))
    return page


def overlay_picture(
    image: np.ndarray, labels: np.ndarray, *, label_set: LabelSet, alpha: float
) -> Image.Image:
    """`blend` with a legend below: RGB, not lower than the image."""
    page = legend_page(*labels.shape, label_set=label_set)
    page[: labels.shape[0], : labels.shape[1]] = blend(
        image, labels, label_set=label_set, alpha=alpha
    )
    return Image.fromarray(page)


def blend(
    image: np.ndarray, labels: np.ndarray, *, label_set: LabelSet, alpha: float
) -> np.ndarray:
    """The photo under `alpha` (0…1) of its label colours, unlabelled areas hatched.

    image: uint8 (H, W, 3). labels: uint8 (H, W) trainIds. Returns uint8 (H, W, 3).
    """
    mixed, period = np.empty_like(image), stripe_period(image.shape[1])
    for start in range(0, len(image), _ROWS):
        rows = slice(start, start + _ROWS)
        colored = overlay(image[rows], label_set.colorize(labels[rows]), alpha=alpha)
        unlabelled = labels[rows] >= label_set.num_classes
        mixed[rows] = hatch(colored, unlabelled, period=period, top=start)
    return mixed


def legend_page(height: int, width: int, *, label_set: LabelSet) -> np.ndarray:
    """uint8 RGB: room for a picture of this size at the top left, and the legend below."""
    room = Image.new("RGB", (width, height), PAPER)
    width = max(width, _NARROWEST)
    size = _font_size(width)
    inner = draw_legend(label_set, width - size, font_size=size)
    legend = Image.new("RGB", (width, inner.height), PAPER)
    legend.paste(inner, (size // 2, 0))
    return np.array(_above(room, legend, gap=size // 2))


def uncertainty_picture(uncertainty: np.ndarray, *, threshold: float | None) -> Image.Image:
    """Heat map from 0 to 1 with a colour bar below that says what the colours stand for.

    uncertainty: float (H, W) in 0…1. threshold: marked at the bar, what is above it is unlabelled;
    or None.
    """
    colors = heat_map(np.linspace(0, 1, 256)[None])[0]
    heat = Image.fromarray(colors[np.rint(uncertainty * np.float32(255)).astype(np.uint8)])
    width = max(heat.width, _NARROWEST)
    size = _font_size(width)
    return _above(heat, _color_bar(width, threshold=threshold, size=size), gap=size // 2)


def _color_bar(width: int, *, threshold: float | None, size: int) -> Image.Image:
    """From 0 to 1, the numbers below and the quantity in words. size: of the font."""
    font = ImageFont.load_default(size=size)
    left, right = size // 2, width - size // 2
    ramp = np.linspace(0.0, 1.0, right - left)[None].repeat(size, axis=0)
    strip = Image.new("RGB", (width, 4 * size), PAPER)
    strip.paste(Image.fromarray(heat_map(ramp)), (left, 0))
    draw = ImageDraw.Draw(strip)
    draw.text((left, size + size // 4), "0", INK, font, anchor="la")
    draw.text((right, size + size // 4), "1", INK, font, anchor="ra")
    caption = "uncertainty"
    if threshold is not None:
        caption = f"uncertainty; above {threshold:.2f} unlabelled"
        place = left + round(threshold * (right - left - 1))
        thick = max(1, size // 8)
        draw.rectangle((place - thick, 0, place + thick, size + size // 3), INK, PAPER)
    draw.text(((left + right) // 2, 2 * size + size // 2), caption, INK, font, anchor="ma")
    return strip


def write_pictures(pictures: Mapping[Path, Image.Image]) -> None:
    """Writes PNGs: all under temporary names, then all renamed. Makes the folders if need be.

    Raises UserError if one cannot be written; no file is ever seen half-written.
    """
    with ExitStack() as stack:
        for path, picture in pictures.items():
            temporary = stack.enter_context(writing(path, make_folder=True))
            picture.save(temporary, format="PNG", compress_level=_COMPRESSION)
