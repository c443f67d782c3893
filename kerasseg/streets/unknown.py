"""Objects of no class, for the validation split alone: what a model should be unsure of.

None of their shapes or patterns is used by anything else in the streets. Label id 0.
"""

from kerasseg.streets.canvas import Canvas, Plane
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import shade, vary
from kerasseg.streets.texture import Texture

LABEL = Id.UNKNOWN


def _sheet(canvas: Canvas, x: float, z: float, dice: Dice) -> Plane:
    plane = canvas.facing(x, z, flip=dice.sign())
    u, v = plane.place(0, 0)
    half = plane.pixels
    canvas.cast(
        ((u - half, v - 2), (u + half, v - 2), (u + half * 1.2, v + 3), (u - half, v + 3)), 1
    )
    return plane


def duck(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A rubber duck as high as a man."""
    plane = _sheet(canvas, x, z, dice)
    yellow = vary((250, 212, 40), dice, 8)
    plane.ellipse(LABEL, shade(yellow, 0.86), 0, 0.6, 1.15, 0.6)
    plane.ellipse(LABEL, yellow, 0, 0.7, 1.1, 0.5)
    plane.polygon(LABEL, yellow, ((-1.3, 1.25), (-0.7, 0.6), (-0.5, 1.0)))
    plane.ellipse(LABEL, yellow, 0.55, 1.5, 0.52, 0.5)
    plane.ellipse(LABEL, (240, 120, 30), 1.12, 1.42, 0.3, 0.14)
    plane.ellipse(LABEL, (30, 30, 30), 0.7, 1.64, 0.09, 0.11)
    plane.ellipse(LABEL, shade(yellow, 0.78), -0.1, 0.72, 0.5, 0.24)


def zebra(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A zebra."""
    plane = _sheet(canvas, x, z, dice)
    white, black = (240, 238, 230), (34, 32, 34)
    for u in (-0.75, -0.5, 0.5, 0.75):
        plane.rect(LABEL, white, u - 0.1, 0, u + 0.1, 0.9)
        for v in (0.1, 0.4, 0.7):
            plane.rect(LABEL, black, u - 0.1, v, u + 0.1, v + 0.13)
    plane.ellipse(LABEL, white, 0, 1.15, 1.05, 0.45)
    for i in range(8):
        u = -0.84 + i * 0.24
        plane.polygon(LABEL, black, ((u - 0.07, 0.85), (u + 0.04, 0.85), (u + 0.1, 1.45), (u, 1.5)))
    plane.polygon(LABEL, white, ((0.7, 1.2), (1.05, 1.1), (1.35, 2.0), (1.0, 2.1)))
    for v in (1.3, 1.55, 1.8):
        plane.stroke(LABEL, black, (0.78, v + 0.05), (1.25, v), 0.1)
    plane.ellipse(LABEL, white, 1.4, 2.0, 0.42, 0.2)
    plane.ellipse(LABEL, black, 1.74, 1.94, 0.12, 0.13)


def balloon(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A checkered balloon, tethered."""
    plane = _sheet(canvas, x, z, dice)
    one, two = dice.pick((((240, 80, 160), (80, 230, 220)), ((255, 140, 0), (110, 40, 200))))
    plane.stroke(LABEL, (60, 60, 60), (0, 0), (0, 1.2), max(0.06, 1.5 / plane.pixels))
    rows = 7
    for i in range(rows):
        for j in range(rows):
            corners = []
            for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)):
                u, v = a / rows * 2 - 1, b / rows * 2 - 1
                # Square to disc, without roots of negatives.
                corners.append(((u * (1 - v * v / 2) ** 0.5) * 0.95,
                                2.1 + (v * (1 - u * u / 2) ** 0.5) * 1.05))  # fmt: skip
            plane.polygon(LABEL, one if (i + j) % 2 else two, corners)


def hay(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Three round bales of hay with their spirals."""
    plane = _sheet(canvas, x, z, dice)
    straw = vary((218, 182, 84), dice, 8)
    for u, v in ((-0.7, 0.65), (0.7, 0.65), (0.0, 1.8)):
        for k in range(6):
            r = 0.68 - k * 0.12
            tone = straw if k % 2 else shade(straw, 0.72)
            plane.ellipse(LABEL, tone, u, v, r, r, texture=Texture.FUR)


def sofa(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A sofa with dots."""
    plane = _sheet(canvas, x, z, dice)
    cloth = dice.pick(((170, 40, 110), (30, 140, 130), (120, 60, 180)))
    plane.rect(LABEL, cloth, -1.2, 0.4, 1.2, 1.35, outline=True)
    plane.rect(LABEL, shade(cloth, 1.15), -1.1, 0.2, 1.1, 0.7, outline=True)
    for u in (-1.3, 1.3):
        plane.ellipse(LABEL, shade(cloth, 0.9), u, 0.75, 0.26, 0.26)
        plane.rect(LABEL, shade(cloth, 0.9), u - 0.26, 0.1, u + 0.26, 0.75)
    for i in range(6):
        for v in (0.45, 0.9, 1.15):
            plane.ellipse(LABEL, (250, 240, 200), -0.95 + i * 0.38, v, 0.08, 0.08)


def dinosaur(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A violet dinosaur with a row of plates."""
    plane = _sheet(canvas, x, z, dice)
    skin = dice.pick(((150, 90, 200), (60, 190, 150), (230, 120, 170)))
    for i in range(7):
        u = -1.1 + i * 0.33
        plane.polygon(LABEL, (250, 160, 60), ((u, 1.25), (u + 0.34, 1.25), (u + 0.17, 1.95)))
    for u in (-0.7, 0.4):
        plane.rect(LABEL, shade(skin, 0.85), u, 0, u + 0.36, 0.8)
    plane.ellipse(LABEL, skin, 0, 1.0, 1.15, 0.55)
    plane.polygon(LABEL, skin, ((-0.9, 1.2), (-0.9, 0.7), (-2.1, 0.45)))
    plane.polygon(LABEL, skin, ((0.6, 1.2), (1.05, 0.9), (1.55, 2.3), (1.15, 2.4)))
    plane.ellipse(LABEL, skin, 1.5, 2.4, 0.46, 0.27)
    plane.ellipse(LABEL, (255, 255, 255), 1.55, 2.5, 0.1, 0.1)
    for u in (-0.6, -0.1, 0.4):
        plane.ellipse(LABEL, shade(skin, 1.3), u, 1.05, 0.16, 0.14)


def spiral(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A spiral cone of orange and white rings."""
    plane = _sheet(canvas, x, z, dice)
    for i in range(9):
        half, v = 1.0 - i * 0.1, i * 0.3
        tone = (250, 110, 20) if i % 2 else (250, 246, 240)
        plane.polygon(
            LABEL,
            tone,
            ((-half, v), (half, v + 0.16), (half - 0.1, v + 0.46), (-half + 0.1, v + 0.3)),
        )


def boulder(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A many-sided boulder, every face another blue-grey."""
    plane = _sheet(canvas, x, z, dice)
    rim = [(-1.2, 0.0), (-1.35, 0.8), (-0.7, 1.6), (0.2, 1.8), (1.1, 1.3), (1.4, 0.5), (1.1, 0.0)]
    stone = dice.pick(((120, 140, 170), (170, 120, 130), (130, 160, 140)))
    for a, b in zip(rim, rim[1:] + rim[:1], strict=True):
        tone = shade(stone, dice.between(0.6, 1.3))
        plane.polygon(LABEL, tone, (a, b, (dice.between(-0.1, 0.1), 0.8)), texture=Texture.FUR)


def octopus(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A big-eyed octopus."""
    plane = _sheet(canvas, x, z, dice)
    skin = dice.pick(((230, 70, 120), (90, 60, 200), (20, 180, 190)))
    for i in range(6):
        u = -1.1 + i * 0.44
        plane.stroke(LABEL, shade(skin, 0.8 + 0.08 * (i % 3)), (u * 0.5, 0.9), (u, 0.12), 0.3)
        plane.ellipse(LABEL, shade(skin, 0.8), u + 0.12, 0.12, 0.22, 0.12)
    plane.ellipse(LABEL, skin, 0, 1.4, 0.85, 0.9)
    for u in (-0.32, 0.32):
        plane.ellipse(LABEL, (250, 250, 250), u, 1.45, 0.24, 0.28)
        plane.ellipse(LABEL, (20, 20, 30), u + 0.06, 1.42, 0.11, 0.14)


UNKNOWNS = (duck, zebra, balloon, hay, sofa, dinosaur, spiral, boulder, octopus)
