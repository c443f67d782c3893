"""Rows of houses in perspective: shop fronts, windows, balconies, roofs, gable ends."""

from kerasseg.streets.canvas import Canvas, Plane
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import (
    BRICK,
    CAR,
    CLOTH,
    LEAVES,
    PLASTER,
    ROOF,
    SKIN,
    Color,
    mix,
    shade,
    vary,
)  # fmt: skip
from kerasseg.streets.texture import Texture

LABEL = Id.BUILDING
LAMPLIGHT = (255, 214, 128)


def _pane(sky: Color, dice: Dice, lit: float) -> tuple[Color, Texture]:
    """What a window shows: a lamp behind it, or the sky in it."""
    if dice.chance(lit):
        return mix(LAMPLIGHT, (255, 240, 200), dice.between(0, 0.8)), Texture.GLOW
    return mix((50, 56, 66), sky, dice.between(0.05, 0.85)), Texture.PLAIN


def _window(wall: Plane, u: float, v: float, width: float, tall: float, frame: Color,
            pane: tuple[Color, Texture]) -> None:  # fmt: skip
    color, texture = pane
    wall.rect(LABEL, frame, u - 0.1, v - 0.1, u + width + 0.1, v + tall + 0.1)
    wall.rect(LABEL, color, u, v, u + width, v + tall, texture=texture)
    if wall.depth < 26:
        bar = max(0.06, 0.8 / wall.pixels)
        middle = u + width / 2
        wall.rect(LABEL, frame, middle - bar / 2, v, middle + bar / 2, v + tall)


def _poster(wall: Plane, u: float, v: float, dice: Dice) -> None:
    """A poster on the wall: a face, a tree or a car. It is paper: its label is the building's."""
    wall.rect(LABEL, (238, 234, 222), u, v, u + 1.3, v + 1.7)
    wall.rect(LABEL, dice.pick(CLOTH), u + 0.1, v + 0.1, u + 1.2, v + 1.6)
    kind = dice.count(0, 2)
    if kind == 0:
        wall.ellipse(LABEL, dice.pick(SKIN), u + 0.65, v + 0.95, 0.34, 0.42)
        wall.rect(LABEL, (50, 40, 36), u + 0.3, v + 1.2, u + 1.0, v + 1.4)
    elif kind == 1:
        wall.ellipse(LABEL, dice.pick(LEAVES), u + 0.65, v + 1.0, 0.42, 0.42)
        wall.rect(LABEL, (96, 70, 50), u + 0.58, v + 0.2, u + 0.72, v + 0.7)
    else:
        wall.polygon(
            LABEL, dice.pick(CAR), ((u + 0.2, v + 0.5), (u + 1.1, v + 0.5), (u + 0.9, v + 0.9),
                                    (u + 0.4, v + 0.9)),
        )  # fmt: skip


def _shop(wall: Plane, length: float, sky: Color, dice: Dice, lit: float) -> None:
    """The ground floor: display windows under an awning or a name board, and a door."""
    base = dice.pick(PLASTER)
    base = shade(base, 0.7)
    wall.rect(LABEL, base, 0, 0, length, 3.1, texture=Texture.PLASTER)
    u = 0.5
    while u + 2.2 < length:
        wide = dice.between(1.6, 2.6)
        wide = min(wide, length - u - 0.4)
        kind = dice.count(0, 5)
        if kind == 0:
            wall.rect(LABEL, shade(dice.pick(CAR), 0.7), u, 0, u + 1.1, 2.3, outline=True)
            wall.rect(LABEL, mix(sky, (40, 44, 50), 0.5), u + 0.2, 1.3, u + 0.9, 2.1)
            wide = 1.1
        elif kind == 1:
            _poster(wall, u, 0.8, dice)
            wide = 1.3
        else:
            color, texture = _pane(sky, dice, lit)
            wall.rect(LABEL, shade(base, 0.6), u - 0.1, 0.5, u + wide + 0.1, 2.5)
            wall.rect(LABEL, color, u, 0.6, u + wide, 2.4, texture=texture)
        u += wide + 0.6
    if dice.chance(0.6):
        cloth = dice.pick(CLOTH)
        stripes = max(4, int(length / 0.7))
        for i in range(stripes):
            color = cloth if i % 2 else (236, 230, 216)
            u0, u1 = length * i / stripes, length * (i + 1) / stripes
            wall.rect(LABEL, color, u0, 2.45, u1, 3.0)
    else:
        board = dice.pick(CAR)
        wall.rect(LABEL, board, 0.3, 2.55, length - 0.3, 3.05)
        u = 0.8
        while u < length - 1.0:
            wall.rect(LABEL, mix(board, (245, 240, 220), 0.8), u, 2.66, u + 0.35, 2.94)
            u += dice.between(0.45, 0.8)


def _floors(wall: Plane, length: float, height: float, base: float, body: Color, sky: Color,
            dice: Dice, lit: float) -> None:  # fmt: skip
    frame = dice.pick(((236, 232, 222), shade(body, 0.72), shade(body, 1.2), (96, 74, 60)))
    columns = max(1, int(length / dice.between(1.9, 2.7)))
    step = length / columns
    width, tall = step * dice.between(0.38, 0.56), dice.between(1.3, 1.8)
    balcony, flowers, shutters = dice.chance(0.25), dice.chance(0.35), dice.chance(0.2)
    shutter = dice.pick(((76, 104, 84), (110, 70, 56), (74, 90, 120)))
    v = base + 0.7
    while v + tall + 0.3 < height:
        for i in range(columns):
            u = i * step + (step - width) / 2
            if shutters:
                wall.rect(LABEL, shutter, u - 0.42, v, u + width + 0.42, v + tall)
            _window(wall, u, v, width, tall, frame, _pane(sky, dice, lit))
            if balcony and wall.depth < 40:
                wall.rect(LABEL, shade(body, 0.55), u - 0.3, v - 0.25, u + width + 0.3, v + 0.35)
            elif flowers and wall.depth < 20 and dice.chance(0.5):
                wall.rect(LABEL, dice.pick(LEAVES), u, v - 0.2, u + width, v + 0.05)
        v += tall + 1.3
        if wall.depth < 30:
            wall.rect(LABEL, shade(body, 0.86), 0, v - 0.72, length, v - 0.6)


def house(canvas: Canvas, x: float, z: float, length: float, height: float, dice: Dice,
          sky: Color, *, lit: float, shop: bool, deep: float = 9.0) -> None:  # fmt: skip
    """One house of a row, its front along the road at x, from z to z + length.

    lit: share of lamps behind the windows. deep: metres from front to back.
    """
    side = 1 if x > 0 else -1
    bricks = dice.chance(0.35)
    body = vary(dice.pick(BRICK if bricks else PLASTER), dice)
    wall = canvas.receding(x, z, length, -side)
    roof, rise = vary(dice.pick(ROOF), dice), dice.between(1.2, 2.8)
    flat = dice.chance(0.25)
    gable = canvas.facing(x, z, flip=side)
    if not flat:
        _roof(canvas, x, z, length, height, roof, rise, side, dice)
        gable.polygon(
            LABEL, shade(body, 0.8),
            ((0, height), (deep, height), (deep * 0.5, height + rise)), outline=True,
        )  # fmt: skip
    gable.rect(LABEL, shade(body, 0.84), 0, 0, deep, height, texture=Texture.PLASTER)
    if z > 5:
        for u in (1.2, 4.2):
            _window(gable, u, height * 0.55, 1.0, 1.4, shade(body, 0.6), _pane(sky, dice, lit))
    wall.rect(LABEL, body, 0, 0, length, height, texture=Texture.PLASTER)
    if bricks and wall.depth < 30:
        for _ in range(int(length * 5)):
            u, v = dice.between(0, length - 0.6), dice.between(0, height - 0.3)
            wall.rect(LABEL, shade(body, dice.between(0.82, 1.16)), u, v, u + 0.55, v + 0.2)
    base = 0.3
    if shop:
        _shop(wall, length, sky, dice, lit * 1.4)
        base = 3.0
    else:
        u = dice.between(0.6, max(0.7, length - 1.8))
        wall.rect(LABEL, shade(body, 0.7), 0, 0, length, 0.6)
        wall.rect(LABEL, shade(dice.pick(CAR), 0.75), u, 0, u + 1.1, 2.2, outline=True)
        if dice.chance(0.2):
            _poster(wall, min(u + 1.5, length - 1.4), 0.8, dice)
        base = 2.3
    _floors(wall, length, height, base, body, sky, dice, lit)
    wall.rect(LABEL, shade(body, 1.12), 0, height - 0.3, length, height)


def _roof(canvas: Canvas, x: float, z: float, length: float, height: float, color: Color,
          rise: float, side: int, dice: Dice) -> None:  # fmt: skip
    """The slope towards the street, with a chimney and dormers."""
    code = canvas.surface(LABEL, Texture.PLAIN, z + length / 2)
    project, back = canvas.camera.project, x + side * 3.2
    tone = shade(color, canvas.light[-side])
    corners = (
        project(x, height, z), project(x, height, z + length),
        project(back, height + rise, z + length), project(back, height + rise, z),
    )  # fmt: skip
    canvas.polygon(corners, tone, code, shade(tone, 0.7))
    if z > 4 and dice.chance(0.6):
        u = dice.between(0.2, 0.8) * length
        stack = canvas.facing(back, z + u)
        stack.rect(LABEL, shade(color, 0.75), -0.4, height + rise - 0.8, 0.4, height + rise + 1.0)


def cottage(canvas: Canvas, x: float, z: float, dice: Dice, sky: Color, *, lit: float) -> None:
    """A house of its own in a garden; x is its corner towards the road."""
    side = 1 if x > 0 else -1
    body = vary(dice.pick(PLASTER), dice)
    height, length, rise = dice.between(3.2, 5.2), dice.between(6, 9), dice.between(2.0, 3.2)
    deep = dice.between(6, 9)
    _roof(canvas, x, z, length, height, vary(dice.pick(ROOF), dice), rise, side, dice)
    wall = canvas.receding(x, z, length, -side)
    wall.rect(LABEL, body, 0, 0, length, height, texture=Texture.PLASTER)
    _floors(wall, length, height, 0.4, body, sky, dice, lit)
    gable = canvas.facing(x, z, flip=side)
    gable.polygon(
        LABEL, shade(body, 0.92),
        ((0, 0), (deep, 0), (deep, height), (deep / 2, height + rise), (0, height)),
        texture=Texture.PLASTER, outline=True,
    )  # fmt: skip
    for u in (0.18, 0.6):
        _window(gable, u * deep, height * 0.35, 1.3, 1.4, (236, 232, 222), _pane(sky, dice, lit))
    _window(gable, deep / 2 - 0.5, height + 0.3, 1.0, 1.0, (236, 232, 222), _pane(sky, dice, lit))


def skyline(canvas: Canvas, dice: Dice, sky: Color, haze: Color) -> None:
    """Far roofs along the horizon: steps of windowless fronts, pale with distance."""
    sheet, horizon = canvas.screen(), canvas.camera.horizon
    u = -10.0
    while u < 530:
        wide, tall = dice.between(14, 44), dice.between(8, 34)
        color = mix(vary(dice.pick(PLASTER), dice), haze, 0.35)
        sheet.rect(LABEL, color, u, horizon - tall, u + wide, horizon + 5)
        if dice.chance(0.5):
            sheet.polygon(LABEL, mix(dice.pick(ROOF), haze, 0.35),
                          ((u - 1, horizon - tall), (u + wide + 1, horizon - tall),
                           (u + wide / 2, horizon - tall - wide * 0.3)))  # fmt: skip
        for _ in range(int(wide * tall / 90)):
            x, y = u + dice.between(2, wide - 5), horizon - dice.between(4, tall - 3)
            sheet.rect(LABEL, mix(mix((60, 66, 76), sky, 0.4), haze, 0.3), x, y, x + 3, y + 4)
        u += wide
