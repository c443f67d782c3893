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


def hatch(picture: np.ndarray, where: np.ndarray, *, period: int, top: int = 0) -> np.ndarray:
    """The picture with white diagonal stripes: what is unlabelled has to be seen on any colour.

    picture: uint8 RGB (H, W, 3). where: bool (H, W). period: pixels from stripe to stripe, of which
    a quarter are white. top: row of the whole picture that the first one is.
    """
    rows, columns = np.ogrid[top : top + where.shape[0], : where.shape[1]]
    striped = where & ((rows + columns) % period < max(1, period // 4))
    result = picture.copy()
    result[striped] = PAPER
    return result


def stripe_period(width: int) -> int:
    """Of `hatch`, in pixels, for a picture so many pixels wide."""
    return max(6, width // 60)


def label_picture(labels: np.ndarray, label_set: LabelSet, *, width: int) -> Image.Image:
    """The colours of the classes, `width` pixels wide, unlabelled areas hatched.

    labels: uint8 (H, W) trainIds; VOID and the background's index are unlabelled.
    """
    height = max(1, round(labels.shape[0] * width / labels.shape[1]))
    small = Image.fromarray(labels).resize((width, height), Image.Resampling.NEAREST)
    shown = np.asarray(small)
    unlabelled = shown >= label_set.num_classes
    colors = label_set.colorize(shown)
    return Image.fromarray(hatch(colors, unlabelled, period=stripe_period(width)))


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
        if index == len(label_set.names):
            for shift in range(0, 2 * swatch, max(4, swatch // 3)):
                ends = [
                    (x + max(0, shift - swatch), middle - swatch // 2 + min(shift, swatch)),
                    (x + min(shift, swatch), middle - swatch // 2 + max(0, shift - swatch)),
                ]
                draw.line(ends, fill=PAPER)
        draw.text((x + text_at, middle), name, INK, font, anchor="lm")
    return legend
