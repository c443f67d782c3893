"""People on foot and on two wheels, and the wheels without them."""

from kerasseg.streets.canvas import Canvas, Plane
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import (
    CLOTH,
    HAIR,
    SKIN,
    TROUSERS,
    Color,
    mix,
    shade,
    vary,
)  # fmt: skip

DARK = (38, 38, 42)
VEST = ((206, 232, 60), (232, 240, 90), (250, 150, 40))  # what riders wear, to be seen
CYCLE = ((60, 200, 190), (240, 240, 236), (120, 210, 80), (250, 214, 70))
MOTOR = ((200, 36, 40), (36, 60, 150), (176, 30, 90))
GROWN = 1.2  # a little larger than life: they matter, and are thin


def _ground_shadow(canvas: Canvas, plane: Plane, width: float) -> None:
    u, v = plane.place(0, 0)
    half = width * plane.pixels
    canvas.cast(((u - half, v - 1), (u + half, v - 1), (u + half * 1.5, v + 2), (u, v + 2)), 0.8)


def _head(plane: Plane, label: Id, dice: Dice, u: float, v: float, radius: float = 0.15) -> None:
    skin, hair = dice.pick(SKIN), dice.pick(HAIR)
    plane.ellipse(label, hair, u, v + 0.03, radius * 1.12, radius * 1.18)
    plane.ellipse(label, skin, u + 0.02, v - 0.03, radius * 0.86, radius * 0.95)
    if dice.chance(0.2):
        plane.rect(label, dice.pick(CLOTH), u - radius, v + 0.06, u + radius, v + 0.2)


def person(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """Someone walking or standing: legs, coat or dress, arms, head; sometimes a bag or a child."""
    size = dice.between(0.92, 1.08) * (0.72 if dice.chance(0.12) else GROWN)
    base = canvas.facing(x, z, flip=dice.sign())
    plane = Plane(
        canvas, lambda u, v: base.place(u * size, v * size), z, base.light, base.pixels * size
    )
    _ground_shadow(canvas, plane, 0.3)
    top, legs, label = vary(dice.pick(CLOTH), dice), dice.pick(TROUSERS), Id.PERSON
    stride = dice.between(0.04, 0.3)
    if dice.chance(0.28):  # a dress or a long coat
        for u in (-0.1, 0.1):
            plane.stroke(label, dice.pick(SKIN), (u, 0.02), (u * 0.7, 0.6), 0.13)
        plane.polygon(
            label, top, ((-0.34, 0.45), (0.34, 0.45), (0.2, 1.05), (0.24, 1.45), (-0.24, 1.45),
                         (-0.2, 1.05)),
            outline=True,
        )  # fmt: skip
    else:
        for u, tone in ((-stride, 0.86), (stride, 1.0)):
            plane.stroke(label, shade(legs, tone), (u, 0.03), (u * 0.3, 0.9), 0.2)
            plane.rect(label, DARK, u - 0.1, 0, u + 0.17, 0.09)
        plane.polygon(
            label, top, ((-0.24, 0.8), (0.24, 0.8), (0.28, 1.42), (0.14, 1.5), (-0.14, 1.5),
                         (-0.28, 1.42)),
            outline=True,
        )  # fmt: skip
    swing = dice.between(0.0, 0.22)
    sleeve = shade(top, 0.82)
    plane.stroke(label, sleeve, (-0.25, 1.4), (-0.32 - swing, 0.82), 0.14)
    plane.stroke(label, sleeve, (0.25, 1.4), (0.32 + swing, 0.82), 0.14)
    for u in (-0.32 - swing, 0.32 + swing):
        plane.ellipse(label, dice.pick(SKIN[:3]), u, 0.8, 0.07, 0.07)
    if dice.chance(0.35):
        plane.rect(label, dice.pick(CLOTH), 0.3 + swing, 0.42, 0.62 + swing, 0.76)
    _head(plane, label, dice, 0, 1.64)


def _spoked(
    plane: Plane, label: Id, u: float, radius: float, tyre: Color, thickness: float
) -> None:
    """A wheel one sees through: the ground shows between the spokes, the label fills the disc."""
    behind = plane.canvas.color_at(plane.place(u, radius))
    plane.ellipse(label, tyre, u, radius, radius, radius)
    inner = radius - thickness
    hub = mix(behind, (190, 190, 190), 0.35)
    plane.ellipse(label, hub, u, radius, inner, inner)
    for du, dv in ((1, 0), (0, 1), (0.7, 0.7), (0.7, -0.7)):
        plane.stroke(
            label, (96, 96, 100), (u - du * inner, radius - dv * inner),
            (u + du * inner, radius + dv * inner), 0.03,
        )  # fmt: skip


def bicycle_side(plane: Plane, frame: Color) -> None:
    """From the side, wheels at u = -0.55 and 0.55."""
    label, width = Id.BICYCLE, max(0.1, 1.8 / plane.pixels)
    for u in (-0.55, 0.55):
        _spoked(plane, label, u, 0.37, DARK, max(0.07, 1.2 / plane.pixels))
    for a, b in (
        ((-0.55, 0.37), (-0.15, 0.85)), ((-0.55, 0.37), (0.02, 0.35)), ((0.02, 0.35), (-0.2, 0.95)),
        ((0.02, 0.35), (0.42, 0.82)), ((-0.17, 0.82), (0.42, 0.82)), ((0.55, 0.37), (0.38, 1.02)),
    ):  # fmt: skip
        plane.stroke(label, frame, a, b, width)
    plane.stroke(label, DARK, (-0.34, 0.97), (-0.05, 0.97), width * 1.3)
    plane.stroke(label, DARK, (0.3, 1.05), (0.52, 1.05), width * 1.3)


def bicycle_behind(plane: Plane, frame: Color) -> None:
    """From behind: one thick wheel, mudguard, handlebar."""
    label = Id.BICYCLE
    half = max(0.08, 1.6 / plane.pixels)
    plane.ellipse(label, DARK, 0, 0.38, half * 1.3, 0.38)
    plane.rect(label, frame, -half * 1.2, 0.42, half * 1.2, 0.98)
    plane.stroke(label, DARK, (-0.34, 1.03), (0.34, 1.03), half * 1.1)


def motorcycle_side(plane: Plane, paint: Color) -> None:
    """From the side: fat wheels, tank, engine, exhaust, headlamp."""
    label = Id.MOTORCYCLE
    for u in (-0.68, 0.68):
        plane.ellipse(label, DARK, u, 0.34, 0.35, 0.35)
        plane.ellipse(label, (158, 158, 160), u, 0.34, 0.17, 0.17)
    plane.polygon(label, (86, 86, 90), ((-0.4, 0.28), (0.36, 0.28), (0.42, 0.62), (-0.45, 0.62)))
    plane.stroke(label, (182, 182, 184), (-0.95, 0.34), (0.1, 0.3), 0.1)
    plane.polygon(
        label, paint,
        ((-0.95, 0.72), (-0.3, 0.6), (0.4, 0.58), (0.62, 0.8), (0.3, 1.0), (0.02, 0.86),
         (-0.95, 0.92)),
        outline=True,
    )  # fmt: skip
    plane.polygon(label, DARK, ((-0.88, 0.86), (-0.02, 0.82), (0.0, 0.93), (-0.85, 1.0)))
    plane.stroke(label, (120, 120, 124), (0.7, 0.36), (0.48, 1.02), 0.1)
    plane.stroke(label, DARK, (0.28, 1.12), (0.56, 1.04), 0.08)
    plane.ellipse(label, (250, 240, 200), 0.64, 0.88, 0.1, 0.11)


def motorcycle_behind(plane: Plane, paint: Color) -> None:
    """From behind or from the front: fat wheel, broad paint, lamp, mirrors."""
    label = Id.MOTORCYCLE
    plane.ellipse(label, DARK, 0, 0.34, 0.17, 0.35)
    plane.polygon(
        label, paint, ((-0.3, 0.5), (0.3, 0.5), (0.38, 0.85), (0.2, 1.05), (-0.2, 1.05),
                       (-0.38, 0.85)),
        outline=True,
    )  # fmt: skip
    plane.stroke(label, DARK, (-0.5, 1.08), (0.5, 1.08), 0.11)
    for u in (-0.5, 0.5):
        plane.ellipse(label, (150, 152, 156), u, 1.16, 0.1, 0.09)
    plane.ellipse(label, (214, 50, 44), 0, 0.8, 0.14, 0.08)


def _rider_side(plane: Plane, dice: Dice, *, seat: float, hands: tuple[float, float]) -> None:
    """Sits at height `seat`, leans to the hands; helmet."""
    label, top, legs = Id.RIDER, vary(dice.pick(VEST), dice), dice.pick(TROUSERS)
    hip, shoulder = (-0.18, seat), (0.08, seat + 0.55)
    plane.stroke(label, legs, hip, (0.2, seat - 0.25), 0.2)
    plane.stroke(label, legs, (0.2, seat - 0.2), (0.06, seat - 0.68), 0.17)
    plane.rect(label, DARK, 0.0, seat - 0.74, 0.24, seat - 0.64)
    plane.stroke(label, top, hip, shoulder, 0.34)
    plane.stroke(label, shade(top, 0.8), shoulder, hands, 0.14)
    plane.ellipse(label, dice.pick(SKIN), 0.2, seat + 0.75, 0.14, 0.16)
    _helmet(plane, dice, 0.17, seat + 0.82)


def _helmet(plane: Plane, dice: Dice, u: float, v: float) -> None:
    color = dice.pick(
        ((236, 232, 220), (220, 70, 50), (60, 62, 70), (230, 190, 60), (70, 120, 180))
    )
    plane.polygon(
        Id.RIDER, color,
        ((u - 0.19, v - 0.04), (u + 0.19, v - 0.04), (u + 0.15, v + 0.11), (u, v + 0.17),
         (u - 0.15, v + 0.11)),
    )  # fmt: skip


def _rider_behind(plane: Plane, dice: Dice, *, seat: float) -> None:
    label, top, legs = Id.RIDER, vary(dice.pick(VEST), dice), dice.pick(TROUSERS)
    for side in (-1, 1):
        plane.stroke(label, legs, (side * 0.14, seat), (side * 0.24, seat - 0.6), 0.17)
        plane.stroke(
            label, shade(top, 0.8), (side * 0.22, seat + 0.5), (side * 0.36, seat + 0.12), 0.14
        )
    plane.polygon(
        label, top, ((-0.2, seat - 0.05), (0.2, seat - 0.05), (0.28, seat + 0.5),
                     (0.12, seat + 0.6), (-0.12, seat + 0.6), (-0.28, seat + 0.5)),
    )  # fmt: skip
    plane.ellipse(label, dice.pick(HAIR), 0, seat + 0.74, 0.14, 0.16)
    _helmet(plane, dice, 0, seat + 0.8)


def two_wheeler(canvas: Canvas, x: float, z: float, dice: Dice, *, motor: bool, ridden: bool,
                side: bool) -> None:  # fmt: skip
    """A bicycle or a motorcycle, parked or with its rider, from the side or along the road."""
    base = canvas.facing(x, z, flip=dice.sign())
    plane = Plane(
        canvas, lambda u, v: base.place(u * GROWN, v * GROWN), z, base.light, base.pixels * GROWN
    )
    _ground_shadow(canvas, plane, 0.8 if side else 0.3)
    paint = vary(dice.pick(MOTOR if motor else CYCLE), dice)
    if side:
        (motorcycle_side if motor else bicycle_side)(plane, paint)
        if ridden:
            _rider_side(plane, dice, seat=0.92 if motor else 1.0, hands=(0.42, 1.1))
    elif motor:
        motorcycle_behind(plane, paint)
        if ridden:
            _rider_behind(plane, dice, seat=0.95)
    else:
        bicycle_behind(plane, paint)
        if ridden:
            _rider_behind(plane, dice, seat=1.0)
