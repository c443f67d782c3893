"""Colours over a photo, and the legend that says what they mean."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kerasseg.labels import LabelSet

INK, FAINT, PAPER = (32, 35, 40), (118, 124, 132), (255, 255, 255)


def overlay(image: np.ndarray, label_rgb: np.ndarray, *, alpha: float) -> np.ndarray:
    """`alpha` of the colours and 1 - alpha of the image: uint8 RGB (H, W, 3), all three.

    alpha: 0 (only the image) to 1 (only the colours).
    """
    assert image.shape == label_rgb.shape, (image.shape, label_rgb.shape)
    mixed = (1.0 - alpha) * image.astype(np.float32) + alpha * label_rgb.astype(np.float32)
    return np.rint(mixed).astype(np.uint8)


def draw_legend(label_set: LabelSet, width: int, *, font_size: int = 14) -> Image.Image:
    """RGB picture, `width` pixels wide: a swatch and a name for each class, then void.

    As many equal columns as fit, read column by column; at least one, names cut off if need be.
    """
    font = ImageFont.load_default(size=font_size)
    names = (*label_set.names, label_set.void_name)
    colors = (*label_set.palette, label_set.void_color)
    swatch, row = font_size, round(font_size * 1.75)
    text_at = round(swatch * 1.6)
    cell = text_at + round(max(font.getlength(name) for name in names)) + 2 * font_size
    columns = max(1, min(len(names), width // cell))
    rows = -(-len(names) // columns)
    columns = -(-len(names) // rows)  # no empty column at the end
    legend = Image.new("RGB", (width, rows * row), PAPER)
    draw = ImageDraw.Draw(legend)
    for index, (name, color) in enumerate(zip(names, colors, strict=True)):
        x, y = index // rows * (width // columns), index % rows * row
        middle = y + row // 2
        box = (x, middle - swatch // 2, x + swatch, middle - swatch // 2 + swatch)
        draw.rounded_rectangle(box, radius=max(2, swatch // 5), fill=color, outline=(205, 208, 212))
        draw.text((x + text_at, middle), name, INK, font, anchor="lm")
    return legend
