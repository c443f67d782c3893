"""What stands on the pavement: poles, signs, traffic lights, bins, benches."""

from kerasseg.streets.canvas import Canvas, Plane
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import CAR, CLOTH, METAL, Color, shade, vary
from kerasseg.streets.texture import Texture

WHITE, RED, BLUE, YELLOW = (238, 236, 228), (204, 40, 40), (40, 84, 164), (240, 196, 48)


def _post(plane: Plane, color: Color, top: float, *, u: float = 0.0, label: Id = Id.POLE,
          width: float = 0.17) -> float:  # fmt: skip
    """An upright pole with a light and a dark edge; returns its width in metres."""
    width = max(width, 3.2 / plane.pixels)
    plane.rect(label, color, u - width / 2, 0, u + width / 2, top)
    plane.rect(label, shade(color, 0.66), u + width * 0.1, 0, u + width / 2, top)
    return width


def _sign_face(plane: Plane, kind: str, u: float, v: float, radius: float) -> None:
    label = Id.SIGN
    if kind == "stop":
        plane.ellipse(label, RED, u, v, radius, radius, outline=True)
        plane.rect(label, WHITE, u - radius * 0.62, v - radius * 0.2, u + radius * 0.62,
                   v + radius * 0.2)  # fmt: skip
    elif kind == "limit":
        plane.ellipse(label, RED, u, v, radius, radius)
        plane.ellipse(label, WHITE, u, v, radius * 0.68, radius * 0.68)
        plane.rect(label, (40, 40, 40), u - radius * 0.34, v - radius * 0.28, u - radius * 0.08,
                   v + radius * 0.28)  # fmt: skip
        plane.rect(label, (40, 40, 40), u + radius * 0.08, v - radius * 0.28, u + radius * 0.34,
                   v + radius * 0.28)  # fmt: skip
    elif kind == "warning":
        for r, color in ((1.15, RED), (0.72, WHITE)):
            s = radius * r
            plane.polygon(label, color, ((u - s, v - s * 0.75), (u + s, v - s * 0.75), (u, v + s)))
    elif kind == "priority":
        for r, color in ((1.1, WHITE), (0.78, YELLOW)):
            s = radius * r
            plane.polygon(label, color, ((u - s, v), (u, v - s), (u + s, v), (u, v + s)))
    elif kind == "walk":
        s = radius * 0.95
        plane.rect(label, BLUE, u - s, v - s, u + s, v + s, outline=True)
        plane.polygon(
            label, WHITE, ((u - s * 0.7, v - s * 0.7), (u + s * 0.7, v - s * 0.7), (u, v + s * 0.7))
        )
    else:  # a round blue one with an arrow
        plane.ellipse(label, BLUE, u, v, radius, radius, outline=True)
        plane.stroke(label, WHITE, (u - radius * 0.5, v), (u + radius * 0.5, v), radius * 0.35)


SIGNS = ("stop", "limit", "warning", "priority", "walk", "arrow")


def sign(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """One or two traffic signs on a pole."""
    plane = canvas.facing(x, z)
    top = dice.between(2.5, 3.2)
    _post(plane, dice.pick(METAL), top, label=Id.POLE)
    radius = max(0.44, 6.0 / plane.pixels)
    _sign_face(plane, dice.pick(SIGNS), 0, top, radius)
    if dice.chance(0.35):
        _sign_face(plane, dice.pick(SIGNS), 0, top - radius * 2.2, radius * 0.92)


def board(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A direction board over the pavement: blue, green or yellow, with lines of writing."""
    plane = canvas.facing(x, z)
    metal = dice.pick(METAL)
    for u in (-0.7, 0.7):
        _post(plane, metal, 3.6, u=u)
    color = dice.pick((BLUE, (44, 112, 76), YELLOW))
    ink = (40, 40, 40) if color is YELLOW else WHITE
    plane.rect(Id.SIGN, color, -1.1, 2.2, 1.1, 3.8, outline=True)
    for v in (3.35, 2.95, 2.55):
        plane.rect(Id.SIGN, ink, -0.85, v - 0.09, dice.between(-0.1, 0.8), v + 0.09)


def traffic_light(canvas: Canvas, x: float, z: float, dice: Dice, *, arm: int = 0) -> None:
    """A pole with a three-lamp box; arm (-1 or 1): a second box hangs out over the road there."""
    plane = canvas.facing(x, z)
    metal, on = dice.pick(METAL), dice.count(0, 2)
    if arm:
        _post(plane, metal, 5.4, width=0.2)
        plane.stroke(Id.POLE, metal, (0, 5.3), (arm * 3.4, 5.3), max(0.17, 3.2 / plane.pixels))
        _light_box(plane, arm * 3.2, 4.4, on)
    else:
        _post(plane, metal, 3.4)
    _light_box(plane, 0, 2.5, on)


def _light_box(plane: Plane, u: float, v: float, on: int) -> None:
    half = max(0.3, 4.2 / plane.pixels)
    tall = half * 4.2
    label = Id.LIGHT
    plane.rect(label, (36, 40, 38), u - half, v, u + half, v + tall, outline=True)
    bright = ((70, 226, 120), (255, 206, 60), (255, 66, 50))
    dim = ((40, 78, 56), (96, 80, 40), (98, 42, 38))
    for i in range(3):
        lamp, kind = (bright[i], Texture.GLOW) if i == on else (dim[i], Texture.PLAIN)
        plane.ellipse(label, lamp, u, v + tall * (0.2 + 0.3 * i), half * 0.66, half * 0.66,
                      texture=kind)  # fmt: skip


def lamp(canvas: Canvas, x: float, z: float, dice: Dice, *, arm: int, lit: bool) -> None:
    """A street lamp that leans out over the road (arm -1: left, 1: right)."""
    plane = canvas.facing(x, z)
    metal, top = dice.pick(METAL), dice.between(5.2, 6.6)
    width = _post(plane, metal, top, width=0.18)
    end = arm * 1.3
    plane.stroke(Id.POLE, metal, (0, top), (end, top + 0.35), width * 0.9)
    glow = ((255, 238, 180), Texture.GLOW) if lit else ((206, 206, 196), Texture.PLAIN)
    plane.rect(Id.POLE, shade(metal, 0.8), end - 0.35, top + 0.3, end + 0.35, top + 0.55)
    plane.rect(Id.POLE, glow[0], end - 0.3, top + 0.2, end + 0.3, top + 0.32, texture=glow[1])


def bollards(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Two or three thick short poles in a row away from the camera."""
    color = dice.pick(METAL)
    for i in range(dice.count(2, 3), -1, -1):
        plane = canvas.facing(x, z + i * 1.6)
        width = _post(plane, color, 1.0, width=0.22)
        plane.rect(Id.POLE, WHITE, -width / 2, 0.72, width / 2, 0.86)


def pole_group(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Three poles so close that they count as a group."""
    plane = canvas.facing(x, z)
    for u in (-0.24, 0.0, 0.24):
        _post(plane, dice.pick(METAL), dice.between(3.2, 4.6), u=u, label=Id.POLE_GROUP)


def static_thing(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A bin, a bench, a post box or a stack of crates; label static."""
    plane, label = canvas.facing(x, z), Id.STATIC
    kind = dice.count(0, 3)
    if kind == 0:
        color = vary(dice.pick(((70, 98, 78), (92, 96, 100), (214, 130, 50))), dice)
        plane.polygon(label, color, ((-0.3, 0), (0.3, 0), (0.38, 1.0), (-0.38, 1.0)), outline=True)
        plane.rect(label, shade(color, 0.6), -0.42, 0.98, 0.42, 1.12)
    elif kind == 1:
        color = vary((140, 96, 60), dice)
        for u in (-0.7, 0.7):
            plane.rect(label, (60, 60, 64), u - 0.08, 0, u + 0.08, 0.9)
        for v in (0.42, 0.66, 0.84):
            plane.rect(label, color, -0.95, v, 0.95, v + 0.13)
    elif kind == 2:
        color = dice.pick(((230, 190, 50), (186, 40, 40)))
        plane.rect(label, (70, 70, 74), -0.06, 0, 0.06, 0.6)
        plane.rect(label, color, -0.36, 0.55, 0.36, 1.45, outline=True)
        plane.rect(label, (40, 40, 40), -0.26, 1.15, 0.26, 1.22)
    else:
        for v, u in ((0, -0.3), (0, 0.35), (0.55, 0.0)):
            color = vary((176, 138, 92), dice)
            plane.rect(label, color, u - 0.32, v, u + 0.32, v + 0.54, outline=True)
            plane.rect(label, shade(color, 0.8), u - 0.05, v, u + 0.05, v + 0.54)


def dynamic_thing(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A pram, a suitcase or a dog; label dynamic."""
    plane, label = canvas.facing(x, z, flip=dice.sign()), Id.DYNAMIC
    color = vary(dice.pick(CLOTH), dice)
    kind = dice.count(0, 2)
    if kind == 0:
        for u in (-0.3, 0.3):
            plane.ellipse(label, (40, 40, 44), u, 0.16, 0.16, 0.16)
        plane.polygon(label, color, ((-0.5, 0.45), (0.4, 0.45), (0.5, 0.95), (-0.1, 0.95),
                                     (-0.45, 1.2), (-0.6, 0.8)), outline=True)  # fmt: skip
        plane.stroke(label, (60, 60, 64), (0.45, 0.8), (0.8, 1.1), 0.09)
    elif kind == 1:
        plane.rect(label, color, -0.3, 0.06, 0.3, 0.85, outline=True)
        plane.stroke(label, (70, 70, 74), (0, 0.85), (0.1, 1.1), 0.09)
    else:
        fur = vary(dice.pick(((120, 84, 54), (60, 56, 54), (206, 180, 140))), dice)
        for u in (-0.34, -0.18, 0.2, 0.34):
            plane.rect(label, shade(fur, 0.8), u - 0.06, 0, u + 0.06, 0.4)
        plane.ellipse(label, fur, 0, 0.5, 0.46, 0.2)
        plane.ellipse(label, fur, 0.5, 0.74, 0.19, 0.16)
        plane.stroke(label, fur, (-0.42, 0.55), (-0.62, 0.85), 0.1)
        plane.polygon(label, dice.pick(CAR), ((0.3, 0.55), (0.45, 0.5), (0.45, 0.62), (0.34, 0.68)))
