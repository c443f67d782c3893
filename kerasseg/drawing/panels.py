"""One picture an image: photograph, prediction, target, uncertainty, with a legend."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kerasseg.drawing.overlay import INK, PAPER, draw_legend, label_picture
from kerasseg.labels import LabelSet

_TILE = 480  # pixels, the width of each of the four pictures
_GAP = 8
_CAPTION = 26
# Dark to light through violet and orange; lightness grows evenly, so it prints in gray as well.
_HEAT = np.array(
    [(10, 8, 30), (62, 20, 96), (135, 33, 107), (204, 66, 72), (246, 130, 32), (252, 255, 190)],
    np.float64,
)


def heat_map(values: np.ndarray) -> np.ndarray:
    """float (H, W) to uint8 RGB (H, W, 3): black at 0 and below, pale yellow at 1 and above."""
    place = np.clip(values, 0.0, 1.0) * (len(_HEAT) - 1)
    anchors = np.arange(len(_HEAT))
    channels = [np.interp(place, anchors, _HEAT[:, c]) for c in range(3)]
    return np.round(np.stack(channels, axis=-1)).astype(np.uint8)


def photo(pixels: np.ndarray, *, width: int) -> Image.Image:
    """uint8 RGB (H, W, 3), `width` pixels wide."""
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)


def panel(
    image: np.ndarray,
    prediction: np.ndarray,
    target: np.ndarray,
    uncertainty: np.ndarray,
    *,
    label_set: LabelSet,
) -> np.ndarray:
    """The four side by side, each with its caption, and a legend below.

    image: uint8 (H, W, 3). prediction, target: uint8 (H, W) trainIds. uncertainty: float (H, W) in
    0…1. Returns uint8 RGB.
    """
    font = ImageFont.load_default(size=14)
    tiles = [
        ("image", photo(image, width=_TILE)),
        ("prediction", label_picture(prediction, label_set, width=_TILE)),
        ("target", label_picture(target, label_set, width=_TILE)),
        ("uncertainty, 0 to 1", photo(heat_map(uncertainty), width=_TILE)),
    ]
    height = tiles[0][1].height
    width = len(tiles) * (_TILE + _GAP) + _GAP
    legend = draw_legend(label_set, width - 2 * _GAP, font_size=17)
    picture = Image.new("RGB", (width, _CAPTION + height + 2 * _GAP + legend.height), PAPER)
    draw = ImageDraw.Draw(picture)
    for i, (caption, tile) in enumerate(tiles):
        x = _GAP + i * (_TILE + _GAP)
        draw.text((x, _CAPTION // 2), caption, fill=INK, font=font, anchor="lm")
        picture.paste(tile, (x, _CAPTION))
    picture.paste(legend, (_GAP, _CAPTION + height + _GAP))
    return np.asarray(picture)
