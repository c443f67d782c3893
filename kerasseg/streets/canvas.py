"""The sheet of paper: one RGBA picture at twice the size, whose alpha names each pixel's surface.

Colour and label come from the same stroke, so they cannot disagree. A surface is a label id, a
texture and a depth; its number (the alpha value) stands in three tables of the canvas.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypedDict, Unpack

import numpy as np
from PIL import Image, ImageDraw

from kerasseg.streets.camera import NEAR, Camera, Point
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import Color, shade
from kerasseg.streets.texture import Texture

HEIGHT, WIDTH = 256, 512  # native size in pixels
SCALE = 2  # the picture is drawn at this multiple
MAX_DEPTH = 140.0
_DEPTHS = (6.0, 11.0, 17.0, 25.0, 36.0, 52.0, 80.0, MAX_DEPTH)
_CIRCLE = tuple((math.cos(2 * math.pi * i / 18), math.sin(2 * math.pi * i / 18)) for i in range(18))


class Canvas:
    """Takes polygons in native pixels; what is drawn later covers what was drawn before.

    light: brightness of planes by where they look: -1 (left), 0 (to the camera), 1 (right).
    """

    def __init__(self, camera: Camera, light: dict[int, float]) -> None:
        self.camera = camera
        self.light = light
        self.image = Image.new("RGBA", (WIDTH * SCALE, HEIGHT * SCALE), (0, 0, 0, 0))
        self.shadow = Image.new("L", (WIDTH, HEIGHT), 0)
        self._draw = ImageDraw.Draw(self.image)
        self._draw_shadow = ImageDraw.Draw(self.shadow)
        self._codes: dict[tuple[int, int, float], int] = {}
        self._any_depth: dict[tuple[int, int], int] = {}
        self.label_table = np.full(256, 255, np.uint8)
        self.texture_table = np.zeros(256, np.uint8)
        self.depth_table = np.zeros(256, np.float32)

    def surface(self, label: Id, texture: Texture, depth: float) -> int:
        """The number of a surface, 0…255; when they run short, depths are shared."""
        depth = next((d for d in _DEPTHS if depth <= d), MAX_DEPTH)
        code = self._codes.get((label, texture, depth))
        if code is None and len(self._codes) >= 190:
            code = self._any_depth.get((label, texture))
        if code is None:
            code = len(self._codes)
            assert code < 256, "more surfaces than an alpha channel can number"
            self._codes[label, texture, depth] = code
            self._any_depth[label, texture] = code
            self.label_table[code] = label
            self.texture_table[code] = texture
            self.depth_table[code] = depth
        return code

    def polygon(
        self, points: Sequence[Point], color: Color, surface: int, outline: Color | None = None
    ) -> None:
        scaled = [(round(x * SCALE), round(y * SCALE)) for x, y in points]
        self._draw.polygon(scaled, fill=(*color, surface))
        if outline is not None:
            self._draw.line([*scaled, scaled[0]], fill=(*outline, surface), width=2)

    def cast(self, points: Sequence[Point], strength: float) -> None:
        """Shadow (strength 0…1) on whatever ground is there in the end."""
        self._draw_shadow.polygon(
            [(round(x), round(y)) for x, y in points], fill=round(255 * strength)
        )

    def color_at(self, point: Point) -> Color:
        x = min(max(round(point[0] * SCALE), 0), WIDTH * SCALE - 1)
        y = min(max(round(point[1] * SCALE), 0), HEIGHT * SCALE - 1)
        pixel: Any = self.image.getpixel((x, y))  # a tuple in this mode
        return pixel[:3]

    def screen(self) -> "Plane":
        """The picture itself: u is the column and v the row, at the greatest depth."""
        return Plane(self, lambda u, v: (u, v), MAX_DEPTH, 1.0, 1.0)

    def facing(self, x: float, z: float, *, y: float = 0.0, flip: int = 1) -> "Plane":
        """Upright, square to the view: u metres right of x (left with flip=-1), v metres up."""
        scale = self.camera.focal / max(z, NEAR)
        left, bottom = self.camera.project(x, y, z)
        return Plane(
            self,
            lambda u, v: (left + flip * u * scale, bottom - v * scale),
            z,
            self.light[0],
            scale,
        )

    def receding(self, x: float, z: float, length: float, looks: int) -> "Plane":
        """Upright, along the road: u metres from z towards the vanishing point, v metres up."""
        project = self.camera.project
        middle = z + length / 2
        return Plane(
            self,
            lambda u, v: project(x, v, z + u),
            middle,
            self.light[looks],
            self.camera.focal / max(middle, NEAR),
        )

    def level(self, y: float, depth: float) -> "Plane":
        """Flat at height y: u is x and v is z, in metres."""
        project = self.camera.project
        return Plane(
            self, lambda u, v: project(u, y, v), depth, 1.0, self.camera.focal / max(depth, NEAR)
        )


class Style(TypedDict, total=False):
    """Optional keywords of every stroke."""

    texture: Texture
    outline: bool


class Plane:
    """A flat sheet in the scene on which one draws in metres (u, v).

    pixels: native pixels a metre, at the sheet's middle.
    """

    def __init__(
        self,
        canvas: Canvas,
        place: Callable[[float, float], Point],
        depth: float,
        light: float,
        pixels: float,
    ) -> None:
        self.canvas = canvas
        self.place = place
        self.depth = depth
        self.light = light
        self.pixels = pixels

    def mirrored(self, length: float) -> "Plane":
        """The same sheet with u counted back from `length`."""
        place = self.place
        return Plane(
            self.canvas, lambda u, v: place(length - u, v), self.depth, self.light, self.pixels
        )

    def polygon(
        self,
        label: Id,
        color: Color,
        points: Sequence[Point],
        *,
        texture: Texture = Texture.PLAIN,
        outline: bool = False,
    ) -> None:
        lit = color if texture is Texture.GLOW else shade(color, self.light)
        self.canvas.polygon(
            [self.place(u, v) for u, v in points],
            lit,
            self.canvas.surface(label, texture, self.depth),
            shade(lit, 0.62) if outline else None,
        )

    def rect(
        self,
        label: Id,
        color: Color,
        u0: float,
        v0: float,
        u1: float,
        v1: float,
        **style: Unpack[Style],
    ) -> None:
        self.polygon(label, color, ((u0, v0), (u1, v0), (u1, v1), (u0, v1)), **style)

    def ellipse(
        self,
        label: Id,
        color: Color,
        u: float,
        v: float,
        ru: float,
        rv: float,
        **style: Unpack[Style],
    ) -> None:
        self.polygon(label, color, [(u + ru * c, v + rv * s) for c, s in _CIRCLE], **style)

    def stroke(
        self,
        label: Id,
        color: Color,
        start: Point,
        end: Point,
        width: float,
        **style: Unpack[Style],
    ) -> None:
        """A bar from start to end, `width` metres across."""
        du, dv = end[0] - start[0], end[1] - start[1]
        length = math.sqrt(du * du + dv * dv) or 1.0
        nu, nv = -dv / length * width / 2, du / length * width / 2
        self.polygon(
            label,
            color,
            (
                (start[0] + nu, start[1] + nv),
                (end[0] + nu, end[1] + nv),
                (end[0] - nu, end[1] - nv),
                (start[0] - nu, start[1] - nv),
            ),
            **style,
        )
