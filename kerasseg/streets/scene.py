"""One picture, painted from the sky to the bonnet of our own car."""

import numpy as np

from kerasseg.streets import houses, nature
from kerasseg.streets.canvas import HEIGHT, WIDTH, Canvas
from kerasseg.streets.dice import Dice
from kerasseg.streets.ground import paint_ground
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import shade, vary
from kerasseg.streets.pavement import put_pavement
from kerasseg.streets.rows import paint_row
from kerasseg.streets.street import Street, plan_street
from kerasseg.streets.traffic import put_traffic
from kerasseg.streets.unknown import UNKNOWNS
from kerasseg.streets.weather import develop, paint_sky

BONNETS = ((70, 74, 80), (150, 150, 152), (120, 36, 40), (40, 60, 100))


def draw_scene(dice: Dice, *, unknowns: int) -> tuple[np.ndarray, np.ndarray]:
    """One picture, uint8 (256, 512, 3) RGB, and its label ids, uint8 (256, 512).

    unknowns: how many objects of no class (label id 0) stand in it, >= 0.
    """
    street = plan_street(dice)
    canvas, haze = street.canvas, street.weather.horizon
    built = street.place in ("city", "avenue", "works")
    paint_sky(canvas, street.weather, dice)
    paint_ground(canvas, street.layout, street.colors, dice, paved=built)
    if built and dice.chance(0.7):
        houses.skyline(canvas, dice, street.sky, haze)
    else:
        nature.woods(canvas, dice, haze, autumn=street.autumn)
    for side in (-1, 1):
        paint_row(street, side)
    put_traffic(street)
    for side in (-1, 1):
        put_pavement(street, side)
    for _ in range(unknowns):
        _put_unknown(street)
    street.paint_things()
    _own_car(canvas, dice)
    return develop(canvas, street.weather, dice)


def _put_unknown(street: Street) -> None:
    """Something never seen in training, mostly on the road or the pavement."""
    dice, layout = street.dice, street.layout
    x = dice.between(layout.left_edge * 0.8, layout.right_edge * 0.9)
    street.put(dice.pick(UNKNOWNS), x, dice.between(7, 14))


def _own_car(canvas: Canvas, dice: Dice) -> None:
    """The bonnet at the bottom, and the thin border that rectification leaves."""
    sheet = canvas.screen()
    if dice.chance(0.75):
        color = vary(dice.pick(BONNETS), dice)
        top, middle = HEIGHT - dice.between(9, 20), WIDTH / 2 + dice.between(-20, 20)
        columns = [WIDTH * i / 16 for i in range(17)]
        rim = [(u, top + ((u - middle) / 256) ** 2 * 14) for u in columns]
        sheet.polygon(Id.EGO, color, [*rim, (WIDTH, HEIGHT), (0, HEIGHT)])
        inner = [(u, v + 4) for u, v in rim]
        sheet.polygon(Id.EGO, shade(color, 1.2), [*inner, (WIDTH, HEIGHT), (0, HEIGHT)])
    if dice.chance(0.5):
        dark = (16, 16, 18)
        sheet.rect(Id.BORDER, dark, 0, 0, 2, HEIGHT)
        sheet.rect(Id.BORDER, dark, WIDTH - 2, 0, WIDTH, HEIGHT)
        sheet.rect(Id.OUTSIDE, dark, 0, HEIGHT - 2, WIDTH, HEIGHT)
