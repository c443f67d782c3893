"""What runs along the road beside houses: walls, fences, guard rails; and what spans it."""

from itertools import pairwise

from kerasseg.streets.canvas import Canvas, Plane
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import CLOTH, LEAVES, RAILING, SLATE, WOOD, Color, mix, shade, vary
from kerasseg.streets.texture import Texture

STAR = (
    (0, 1), (0.25, 0.3), (0.95, 0.3), (0.4, -0.1), (0.6, -0.8), (0, -0.38),
    (-0.6, -0.8), (-0.4, -0.1), (-0.95, 0.3), (-0.25, 0.3),
)  # fmt: skip


def wall(canvas: Canvas, x: float, z: float, length: float, dice: Dice) -> None:
    """A free-standing wall: courses of big stones or concrete panels, a coping on top."""
    side, label = (1 if x > 0 else -1), Id.WALL
    height = dice.between(1.9, 3.0)
    stone = vary(dice.pick(SLATE), dice)
    sheet = canvas.receding(x, z, length, -side)
    end = canvas.facing(x, z, flip=side)
    end.rect(label, shade(stone, 0.75), 0, 0, 0.5, height, texture=Texture.STONE)
    sheet.rect(label, shade(stone, 0.7), 0, 0, length, height, texture=Texture.STONE)
    if dice.chance(0.6):
        courses = 5
        for row in range(courses):
            v0, v1 = height * row / courses + 0.05, height * (row + 1) / courses - 0.04
            u = -0.5 if row % 2 else 0.0
            while u < length:
                wide = dice.between(0.7, 1.3)
                sheet.rect(label, shade(stone, dice.between(0.86, 1.16)), max(u, 0) + 0.04, v0,
                           min(u + wide, length), v1, texture=Texture.STONE)  # fmt: skip
                u += wide + 0.06
    else:
        u = 0.0
        while u < length:
            right = min(u + 1.9, length)
            sheet.rect(label, shade(stone, dice.between(0.95, 1.1)), u + 0.07, 0.1, right, height,
                       texture=Texture.STONE)  # fmt: skip
            u += 2.0
        if dice.chance(0.7):  # somebody's letters
            u, ink = dice.between(0.3, 1.5), dice.pick(CLOTH)
            while u + 0.8 < length:
                v = height * dice.between(0.3, 0.45)
                _letter(sheet, u, v, ink, shade(stone, 1.05), dice)
                u += dice.between(0.7, 1.2)
    sheet.rect(label, shade(stone, 1.25), 0, height - 0.1, length, height + 0.14)


def _letter(sheet: Plane, u: float, v: float, ink: Color, ground: Color, dice: Dice) -> None:
    kind, label = dice.count(0, 3), Id.WALL
    if kind == 0:
        sheet.ellipse(label, ink, u + 0.3, v + 0.3, 0.36, 0.42)
        sheet.ellipse(label, ground, u + 0.3, v + 0.3, 0.18, 0.22)
    elif kind == 1:
        for a, b in (((0, 0), (0.3, 0.75)), ((0.3, 0.75), (0.6, 0)), ((0.1, 0.25), (0.5, 0.25))):
            sheet.stroke(label, ink, (u + a[0], v + a[1]), (u + b[0], v + b[1]), 0.15)
    elif kind == 2:
        zigzag = ((0, 0), (0.15, 0.75), (0.3, 0.1), (0.45, 0.75), (0.6, 0))
        for a, b in pairwise(zigzag):
            sheet.stroke(label, ink, (u + a[0], v + a[1]), (u + b[0], v + b[1]), 0.14)
    else:
        sheet.polygon(
            label,
            ink,
            [(u + 0.3 + 0.38 * a, v + 0.3 + 0.42 * b) for a, b in STAR],
        )


def fence(canvas: Canvas, x: float, z: float, length: float, dice: Dice) -> None:
    """Pickets, iron bars or wire mesh; the label covers the gaps too, as in Cityscapes."""
    side, label = (1 if x > 0 else -1), Id.FENCE
    height = dice.between(1.5, 2.0)
    sheet = canvas.receding(x, z, length, -side)
    behind = mix(dice.pick(LEAVES), (96, 92, 84), dice.between(0.5, 0.9))
    kind = dice.count(0, 2)
    sheet.rect(label, shade(behind, 0.72), 0, 0, length, height * (0.9 if kind == 0 else 1))
    if kind == 0:
        wood = vary(dice.pick(WOOD), dice)
        u = 0.0
        while u + 0.3 < length:
            sheet.polygon(
                label, shade(wood, dice.between(0.92, 1.08)),
                ((u, 0), (u + 0.3, 0), (u + 0.3, height - 0.2), (u + 0.15, height),
                 (u, height - 0.2)),
            )  # fmt: skip
            u += 0.5
        for v in (0.4, height - 0.5):
            sheet.rect(label, shade(wood, 0.8), 0, v, length, v + 0.13)
        return
    metal = vary(dice.pick(RAILING) if kind == 1 else (166, 170, 168), dice)
    if kind == 1:
        u = 0.0
        while u < length:
            sheet.rect(label, shade(metal, 0.7), u, 0, u + 0.17, height + 0.15)
            u += 0.42
        for v in (0.15, height - 0.25):
            sheet.rect(label, shade(metal, 0.8), 0, v, length, v + 0.16)
        return
    for slope in (1, -1):
        u = -height
        while u < length:
            a, b = (u, 0 if slope > 0 else height), (u + height, height if slope > 0 else 0)
            if a[0] >= 0 and b[0] <= length:
                sheet.stroke(label, metal, a, b, 0.09)
            u += 0.55
    u = 0.0
    while u < length:
        sheet.rect(label, shade(metal, 0.8), u, 0, u + 0.2, height + 0.12)
        u += 2.2
    sheet.rect(label, shade(metal, 0.9), 0, height - 0.1, length, height + 0.05)


def guard_rail(canvas: Canvas, x: float, z: float, length: float) -> None:
    """A steel rail on short posts."""
    side, label = (1 if x > 0 else -1), Id.GUARD_RAIL
    sheet = canvas.receding(x, z, length, -side)
    u = 0.5
    while u < length:
        sheet.rect(label, (110, 112, 114), u, 0, u + 0.22, 0.7)
        u += 2.0
    sheet.rect(label, (176, 180, 182), 0, 0.4, length, 0.82)
    sheet.rect(label, (120, 124, 128), 0, 0.56, length, 0.66)


def bridge(canvas: Canvas, x: float, z: float, dice: Dice, *, half_width: float) -> None:
    """A deck over the road on two piers, with a parapet; label bridge."""
    sheet, label = canvas.facing(x, z), Id.BRIDGE
    stone = vary(dice.pick(SLATE), dice)
    low, high = 5.6, 7.4
    for u in (-half_width - 1.4, half_width):
        sheet.rect(label, shade(stone, 0.8), u, 0, u + 1.4, low + 0.2, texture=Texture.STONE)
    sheet.rect(label, stone, -60, low, 60, high, texture=Texture.STONE)
    sheet.rect(label, shade(stone, 0.55), -60, low, 60, low + 0.35)
    sheet.rect(label, shade(stone, 1.2), -60, high - 0.5, 60, high - 0.3)


def tunnel(canvas: Canvas, x: float, z: float, dice: Dice, *, half_width: float) -> None:
    """The mouth of a tunnel under a green hill, at the end of the road."""
    sheet, label = canvas.facing(x, z), Id.TUNNEL
    stone = vary(dice.pick(SLATE), dice)
    hill = [(48 * u, 15 * (1 - u * u)) for u in (i / 10 for i in range(-10, 11))]
    sheet.polygon(Id.VEGETATION, dice.pick(LEAVES), hill, texture=Texture.LEAVES)
    w = half_width + 1
    sheet.polygon(
        label, stone, ((-w - 2, 0), (w + 2, 0), (w + 2, 5), (w * 0.6, 8), (-w * 0.6, 8),
                       (-w - 2, 5)),
        texture=Texture.STONE, outline=True,
    )  # fmt: skip
    sheet.polygon(label, (46, 46, 52), ((-w, 0), (w, 0), (w, 4), (w * 0.5, 6.4), (-w * 0.5, 6.4),
                                        (-w, 4)))  # fmt: skip
    for u in (-w * 0.5, 0, w * 0.5):
        sheet.rect(label, (255, 210, 130), u - 0.4, 5.2, u + 0.4, 5.6, texture=Texture.GLOW)
