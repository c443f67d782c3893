"""Trees, hedges, bushes and far woods."""

from kerasseg.streets.canvas import WIDTH, Canvas
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import AUTUMN, LEAVES, Color, mix, shade, vary
from kerasseg.streets.texture import Texture

LABEL = Id.VEGETATION


def tree(canvas: Canvas, x: float, z: float, dice: Dice, *, autumn: bool, y: float = 0.0) -> None:
    """A trunk and a crown of overlapping discs, or a fir; trunk and crown are vegetation."""
    plane = canvas.facing(x, z, y=y, flip=dice.sign())
    u0, v0 = plane.place(0, 0)
    spread = 1.5 * plane.pixels
    canvas.cast(
        ((u0 - spread, v0 - 2), (u0 + spread, v0 - 2), (u0 + spread * 1.6, v0 + spread * 0.14),
         (u0 - spread * 0.6, v0 + spread * 0.14)), 0.7,
    )  # fmt: skip
    bark = vary((104, 80, 60), dice)
    leaf = vary(dice.pick(AUTUMN if autumn else LEAVES), dice)
    trunk = max(0.34, 3.2 / plane.pixels)
    if dice.chance(0.16):  # a fir
        plane.rect(LABEL, bark, -trunk / 2, 0, trunk / 2, 1.0)
        fir, top = shade(dice.pick(LEAVES), 0.7), dice.between(5, 7)
        for i in range(4):
            v = 0.8 + i * top / 5
            half = 1.8 - i * 0.38
            plane.polygon(LABEL, vary(fir, dice, 8), ((-half, v), (half, v), (0, v + top / 2.4)),
                          texture=Texture.LEAVES)  # fmt: skip
        return
    stem, size = dice.between(1.9, 2.7), dice.between(1.5, 2.3)
    plane.polygon(
        LABEL, bark, ((-trunk * 0.7, 0), (trunk * 0.7, 0), (trunk * 0.4, stem + 0.6),
                      (-trunk * 0.4, stem + 0.6)),
    )  # fmt: skip
    plane.rect(LABEL, shade(bark, 0.7), trunk * 0.1, 0, trunk * 0.4, stem + 0.4)
    puffs = [(dice.between(-0.8, 0.8) * size, stem + dice.between(0.3, 1.9) * size,
              dice.between(0.45, 0.8) * size) for _ in range(dice.count(5, 8))]  # fmt: skip
    for u, v, r in puffs:
        plane.ellipse(LABEL, shade(leaf, 0.78), u, v - 0.12, r, r * 0.95, texture=Texture.LEAVES)
    for u, v, r in puffs:
        plane.ellipse(LABEL, vary(leaf, dice, 10), u + 0.08, v + 0.1, r * 0.82, r * 0.78,
                      texture=Texture.LEAVES)  # fmt: skip
    for u, v, r in puffs[::2]:
        plane.ellipse(LABEL, shade(leaf, 1.18), u + 0.2, v + 0.3, r * 0.42, r * 0.36,
                      texture=Texture.LEAVES)  # fmt: skip


def hedge(canvas: Canvas, x: float, z: float, length: float, height: float, dice: Dice) -> None:
    """A clipped hedge along the road with a bumpy top."""
    side = 1 if x > 0 else -1
    leaf = vary(shade(dice.pick(LEAVES), 0.9), dice)
    canvas.facing(x, z, flip=side).rect(
        LABEL, shade(leaf, 0.8), 0, 0, 1.2, height, texture=Texture.LEAVES
    )
    wall = canvas.receding(x, z, length, -side)
    steps = max(4, int(length * 1.5))
    top = [(length * i / steps, height + dice.between(-0.12, 0.12)) for i in range(steps, -1, -1)]
    wall.polygon(LABEL, leaf, [(0, 0), (length, 0), *top], texture=Texture.LEAVES)


def bush(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Three or four leafy discs close to the ground."""
    plane, leaf = canvas.facing(x, z), vary(dice.pick(LEAVES), dice)
    for _ in range(dice.count(3, 5)):
        u, r = dice.between(-0.7, 0.7), dice.between(0.4, 0.8)
        plane.ellipse(LABEL, vary(leaf, dice, 10), u, r * 0.7, r, r * 0.75, texture=Texture.LEAVES)


def woods(canvas: Canvas, dice: Dice, haze: Color, *, autumn: bool) -> None:
    """A far line of trees along the horizon."""
    sheet, horizon = canvas.screen(), canvas.camera.horizon
    u = -10.0
    while u < WIDTH + 10:
        r = dice.between(8, 18)
        leaf = vary(dice.pick(AUTUMN if autumn and dice.chance(0.5) else LEAVES), dice)
        sheet.ellipse(LABEL, mix(leaf, haze, 0.3), u, horizon - r * 0.4, r, r,
                      texture=Texture.LEAVES)  # fmt: skip
        u += r * 0.8
    sheet.rect(LABEL, mix(LEAVES[2], haze, 0.3), 0, horizon - 4, WIDTH, horizon + 5,
               texture=Texture.LEAVES)  # fmt: skip
