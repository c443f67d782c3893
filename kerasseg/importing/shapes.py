"""Shapes to pixels, by the rule of the tool that drew them.

Pillow's rule, of LabelMe and of the Cityscapes scripts: the pixels whose integer coordinates lie
inside, and those that the outline passes. COCO's rule, of pycocotools: pixel centres at + 0.5, with
the outline followed on a grid five times as fine.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from kerasseg.errors import UserError

FARTHEST = 1e5  # pixels that a corner may be away from the origin

Point = tuple[float, float]  # x, y in pixels
Mask = Callable[[tuple[int, int]], np.ndarray]  # (height, width) -> bool (height, width)


@dataclass(frozen=True)
class Shape:
    """One shape of class `name`. box: left, top, right, bottom in pixels; None if unknown."""

    name: str
    mask: Mask
    box: tuple[float, float, float, float] | None = None

    def refuse_extremes(self) -> None:
        """Raises UserError for coordinates at which drawing would take for ever."""
        if self.box is not None and not all(abs(value) <= FARTHEST for value in self.box):
            raise UserError(
                f"a shape ({self.name}) that reaches from {self.box[:2]} to {self.box[2:]}"
            )

    def reaches_beyond(self, size: tuple[int, int]) -> bool:
        """Whether a part of it, by more than a pixel, lies outside of an image of that size."""
        if self.box is None:
            return False
        left, top, right, bottom = self.box
        return left < -1 or top < -1 or right > size[1] + 1 or bottom > size[0] + 1


def box_of(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    xs, ys = zip(*points, strict=True)
    if any(math.isnan(value) for value in (*xs, *ys)):  # which min() may pass over
        return -math.inf, -math.inf, math.inf, math.inf
    return min(xs), min(ys), max(xs), max(ys)


def polygon(points: Sequence[Point], holes: Sequence[Sequence[Point]] = ()) -> Mask:
    """Pillow's rule. A hole takes away its outline, too."""

    def draw(canvas: ImageDraw.ImageDraw) -> None:
        canvas.polygon(list(points), fill=1, outline=1)
        for hole in holes:
            canvas.polygon(list(hole), fill=0, outline=0)

    return _drawn(draw)


def rectangle(points: Sequence[Point]) -> Mask:
    """Between two opposite corners, both included."""
    left, top, right, bottom = box_of(points)
    return _drawn(lambda canvas: canvas.rectangle((left, top, right, bottom), fill=1, outline=1))


def ellipse(center: Point, radii: Point, degrees: float = 0) -> Mask:
    """radii: horizontal and vertical before it is turned, clockwise as seen, by `degrees`."""
    (x, y), (a, b) = center, radii
    if not degrees % 180:
        box = x - a, y - b, x + a, y + b
        return _drawn(lambda canvas: canvas.ellipse(box, fill=1, outline=1))
    turns = np.linspace(0, 2 * math.pi, 181)[:-1]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    across, down = a * np.cos(turns), b * np.sin(turns)
    return polygon(
        list(zip(x + across * cos - down * sin, y + across * sin + down * cos, strict=True))
    )


def line(points: Sequence[Point], width: int) -> Mask:
    """width: pixels."""
    return _drawn(lambda canvas: canvas.line(list(points), fill=1, width=width))


def bitmap(pixels: np.ndarray, left: int, top: int) -> Mask:
    """pixels: bool (h, w), with its upper left corner there; what lies outside is cut off."""

    def mask(size: tuple[int, int]) -> np.ndarray:
        height, width = size
        full = np.zeros(size, bool)
        inside = pixels[max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)]
        y, x = max(top, 0), max(left, 0)
        full[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
        return full

    return mask


def _drawn(draw: Callable[[ImageDraw.ImageDraw], object]) -> Mask:
    def mask(size: tuple[int, int]) -> np.ndarray:
        image = Image.new("L", size[::-1])
        draw(ImageDraw.Draw(image))
        return np.asarray(image, bool)

    return mask
