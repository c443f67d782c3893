"""Trucks, buses and trams."""

from kerasseg.streets.canvas import Canvas, Plane
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import Color, mix, shade, vary
from kerasseg.streets.texture import Texture
from kerasseg.streets.vehicles import LAMP, RED, TYRE, Box, glass, wheel

# Liveries, as towns have them: they tell apart three kinds of box on wheels.
BUS = ((238, 190, 40), (232, 168, 44), (244, 208, 72))
TRAM = ((204, 52, 48), (182, 40, 52), (216, 74, 58))
CARGO = ((226, 228, 226), (186, 200, 206), (88, 120, 156), (70, 104, 148), (104, 140, 120))
HAULIER = ((36, 66, 140), (30, 96, 120), (40, 110, 70), (60, 60, 74))


def _panes(plane: Plane, label: Id, pane: Color, u0: float, u1: float, v0: float, v1: float,
           step: float) -> None:  # fmt: skip
    """A band of windows with posts between."""
    plane.rect(label, (46, 50, 58), u0, v0 - 0.08, u1, v1 + 0.08)
    u = u0 + 0.1
    while u + 0.5 < u1:
        plane.rect(label, pane, u, v0, min(u + step - 0.16, u1 - 0.1), v1)
        u += step


def _stripes(plane: Plane, color: Color, u0: float, u1: float, v0: float, v1: float) -> None:
    """Slanted stripes over the whole tarpaulin: what tells a lorry from a house or a bus."""
    lean, wide = min(0.5 * (v1 - v0), 0.3 * (u1 - u0)), 0.3
    u = u0
    while u + lean + wide <= u1:
        plane.polygon(
            Id.TRUCK, color, ((u, v0), (u + wide, v0), (u + lean + wide, v1), (u + lean, v1))
        )
        u += 2 * wide


def _truck_side(
    plane: Plane, cargo: Color, cab: Color, pane: Color, accent: Color, length: float
) -> None:
    """Cargo box first (u = 0), cab ahead; the tarpaulin is striped."""
    label, split = Id.TRUCK, length - 2.0
    plane.rect(label, (60, 60, 64), 0.1, 0.5, length - 0.2, 0.95)
    plane.rect(label, cargo, 0, 0.95, split - 0.15, 3.3, outline=True)
    _stripes(plane, accent, 0.1, split - 0.25, 1.05, 3.2)
    plane.polygon(
        label, cab, ((split, 0.5), (length, 0.5), (length, 1.5), (length - 0.3, 2.7), (split, 2.7)),
        outline=True,
    )  # fmt: skip
    plane.polygon(
        label, pane, ((split + 0.5, 1.55), (length - 0.12, 1.55), (length - 0.4, 2.45),
                      (split + 0.5, 2.45)),
    )  # fmt: skip
    for u in (0.9, 1.9, length - 1.0):
        wheel(plane, label, u, 0.46)


def truck(
    canvas: Canvas, x: float, z: float, dice: Dice, *, sky: Color, coming: bool, dark: bool
) -> None:
    """A lorry: cargo box with a striped tarpaulin, and a cab."""
    cargo, cab = vary(dice.pick(CARGO), dice), vary(dice.pick(HAULIER), dice)
    accent, pane, label = dice.pick(HAULIER), glass(sky, dice), Id.TRUCK
    length = dice.between(6.5, 8.5)
    box = Box(canvas, x, z, 2.4, length)
    box.shade_ground()
    for side in box.sides(turned=coming):
        _truck_side(side, cargo, cab, pane, accent, length)
    face = box.near()
    kind = Texture.GLOW if dark else Texture.PLAIN
    for u in (-0.9, 0.9):
        face.rect(label, TYRE, u - 0.24, 0, u + 0.24, 0.6)
    face.rect(label, (52, 52, 56), -1.15, 0.45, 1.15, 0.75)
    if coming:
        back = box.near(2.1)
        back.rect(label, shade(cargo, 0.92), -1.2, 0.95, 1.2, 3.3, outline=True)
        face.rect(label, cab, -1.15, 0.5, 1.15, 2.7, outline=True)
        face.rect(label, pane, -1.0, 1.5, 1.0, 2.4)
        face.rect(label, shade(cab, 0.5), -0.7, 0.85, 0.7, 1.3)
        for u in (-0.92, 0.92):
            face.ellipse(label, LAMP, u, 0.72, 0.16, 0.13, texture=kind)
    else:
        face.rect(label, cargo, -1.2, 0.75, 1.2, 3.3, outline=True)
        _stripes(face, accent, -1.15, 1.15, 0.85, 3.2)
        for u in (-0.95, 0.95):
            face.rect(label, RED, u - 0.18, 0.52, u + 0.18, 0.68, texture=kind)


def bus(
    canvas: Canvas, x: float, z: float, dice: Dice, *, sky: Color, coming: bool, dark: bool
) -> None:
    """A town bus: one band of big windows, a bright skirt, a lit destination."""
    paint, pane, label = vary(dice.pick(BUS), dice), glass(sky, dice), Id.BUS
    if dark:
        pane = mix(pane, (255, 226, 150), 0.7)
    length = dice.between(9, 11)
    skirt = shade(paint, 0.7)
    box = Box(canvas, x, z, 2.5, length)
    box.shade_ground()
    for side in box.sides():
        side.rect(label, paint, 0, 0.35, length, 3.0, outline=True)
        side.rect(label, skirt, 0, 0.35, length, 0.75)
        _panes(side, label, pane, 0.2, length - 0.2, 1.35, 2.45, 1.45)
        for u in (2.4, 6.4):
            side.rect(label, mix(pane, (40, 44, 50), 0.4), u, 0.5, u + 1.0, 2.4)
        for u in (1.4, length - 2.0):
            wheel(side, label, u, 0.48)
    face = box.near()
    for u in (-0.95, 0.95):
        face.rect(label, TYRE, u - 0.18, 0, u + 0.18, 0.5)
    face.polygon(
        label, paint,
        ((-1.25, 0.35), (1.25, 0.35), (1.25, 2.8), (1.1, 3.05), (-1.1, 3.05), (-1.25, 2.8)),
        outline=True,
    )  # fmt: skip
    face.rect(label, skirt, -1.25, 0.35, 1.25, 0.75)
    face.rect(label, pane, -1.1, 1.25 if coming else 1.6, 1.1, 2.4)
    face.rect(label, (30, 30, 34), -0.85, 2.52, 0.85, 2.9)
    face.rect(label, (255, 190, 70), -0.65, 2.62, 0.5, 2.8, texture=Texture.GLOW)
    kind = Texture.GLOW if dark else Texture.PLAIN
    for u in (-1.02, 1.02):
        face.ellipse(label, LAMP if coming else RED, u, 0.92, 0.14, 0.14, texture=kind)


def tram(
    canvas: Canvas, x: float, z: float, dice: Dice, *, sky: Color, coming: bool, dark: bool
) -> None:
    """A tram of two cars, round-nosed, two-coloured, with a pantograph; label train."""
    paint, pane, label = vary(dice.pick(TRAM), dice), glass(sky, dice), Id.TRAIN
    if dark:
        pane = mix(pane, (255, 226, 150), 0.6)
    cream = vary((238, 228, 202), dice, 6)
    length = dice.between(14, 20)
    box = Box(canvas, x, z, 2.3, length)
    box.shade_ground()
    for side in box.sides():
        side.rect(label, (58, 58, 62), 0.4, 0.12, length, 0.5)
        side.rect(label, paint, 0, 0.4, length, 1.5, outline=True)
        side.rect(label, cream, 0, 1.5, length, 3.3, outline=True)
        for start in (0.5, length / 2 + 0.4):
            u = start
            while u + 0.9 < start + length / 2 - 0.9:
                side.rect(label, pane, u, 1.6, u + 0.85, 2.6)
                u += 1.15
        side.rect(label, (50, 50, 54), length / 2 - 0.3, 0.4, length / 2 + 0.3, 3.3)
        side.rect(label, paint, 0, 3.0, length, 3.25)
    roof = canvas.facing(x, z + 3.0)
    for points in (
        ((-0.5, 3.3), (0.25, 3.9)),
        ((0.25, 3.9), (-0.3, 4.5)),
        ((-0.8, 4.5), (0.8, 4.5)),
    ):
        roof.stroke(label, (60, 60, 64), *points, max(0.1, 2.2 / roof.pixels))
    face = box.near()
    face.rect(label, (50, 50, 54), -0.9, 0.1, 0.9, 0.5)
    face.polygon(
        label, cream,
        ((-1.15, 0.4), (1.15, 0.4), (1.15, 2.7), (0.85, 3.4), (-0.85, 3.4), (-1.15, 2.7)),
        outline=True,
    )  # fmt: skip
    face.polygon(label, paint, ((-1.15, 0.4), (1.15, 0.4), (1.15, 1.35), (0, 1.0), (-1.15, 1.35)))
    face.polygon(
        label, pane, ((-0.95, 1.5), (0.95, 1.5), (0.95, 2.5), (0.75, 2.75), (-0.75, 2.75),
                      (-0.95, 2.5)),
    )  # fmt: skip
    face.rect(label, (40, 40, 44), -0.04, 1.5, 0.04, 2.75)
    face.rect(label, (255, 214, 110), -0.4, 2.9, 0.4, 3.2, texture=Texture.GLOW)
    lamp = LAMP if coming else RED
    kind = Texture.GLOW if dark else Texture.PLAIN
    face.ellipse(label, lamp, 0, 0.75, 0.18, 0.18, texture=kind)
    for u in (-0.85, 0.85):
        face.ellipse(label, lamp, u, 0.7, 0.11, 0.11, texture=kind)
