"""Everything flat: carriageway, pavements, kerbs, markings, tracks, lawns, crossings."""

from dataclasses import dataclass

from kerasseg.streets.canvas import Canvas
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import ASPHALT, GRASS, PAVING, Color, shade, vary
from kerasseg.streets.texture import Texture

FAR = 130.0
_STEPS = (1.0, 2.0, 3.0, 3.6, 4.4, 5.4, 6.6, 8.0, 10.0, 13.0, 17.0, 22.0, 29.0, 40.0, 60.0, FAR)
WHITE = (226, 224, 214)


@dataclass(frozen=True)
class Layout:
    """Where things lie across the road, in metres right of the camera; None: there is none.

    left, right: kerbs. left_edge, right_edge: outer edges of the pavements. parking, track: the
    (from, to) of a strip of its own. junction: the (from, to) along the road of a side street.
    """

    left: float
    right: float
    left_edge: float
    right_edge: float
    parking: tuple[float, float] | None
    track: tuple[float, float] | None
    junction: tuple[float, float] | None
    crossing: float | None  # metres to the near end of a zebra crossing


@dataclass(frozen=True)
class GroundColors:
    road: Color
    pavement: Color
    lawn: Color

    @classmethod
    def draw(cls, dice: Dice) -> "GroundColors":
        return cls(
            vary(dice.pick(ASPHALT), dice),
            vary(dice.pick(PAVING), dice),
            vary(dice.pick(GRASS), dice),
        )


def strip(canvas: Canvas, label: Id, color: Color, x0: float, x1: float, texture: Texture,
          z0: float = 1.0, z1: float = FAR) -> None:  # fmt: skip
    """A band along the road from x0 to x1, cut finely enough to follow the bend."""
    zs = [z0, *(z for z in _STEPS if z0 < z < z1), z1]
    points = [(x0, z) for z in zs] + [(x1, z) for z in reversed(zs)]
    canvas.level(0.0, 10.0).polygon(label, color, points, texture=texture)


def paint_ground(
    canvas: Canvas, layout: Layout, colors: GroundColors, dice: Dice, *, paved: bool
) -> None:
    """From the outside to the paint on the road; paved: no lawn where nothing else lies."""
    far = 300.0
    if paved:
        strip(canvas, Id.SIDEWALK, colors.pavement, -far, far, Texture.SLABS)
    else:
        strip(canvas, Id.TERRAIN, colors.lawn, -far, far, Texture.GRASS)
    plaza = dice.chance(0.08)
    for inner, outer in ((layout.left, layout.left_edge), (layout.right, layout.right_edge)):
        if abs(outer - inner) > 0.1:
            strip(canvas, Id.SIDEWALK, colors.pavement, inner, outer, Texture.SLABS)
    if plaza:
        strip(canvas, Id.GROUND, shade(colors.pavement, 0.86), layout.right, layout.right_edge,
              Texture.COBBLES)  # fmt: skip
    strip(canvas, Id.ROAD, colors.road, layout.left, layout.right, Texture.ASPHALT)
    _patches(canvas, layout, colors, dice)
    if layout.parking:
        strip(canvas, Id.PARKING, shade(colors.pavement, 0.8), *layout.parking, Texture.COBBLES)
        x0, x1 = layout.parking
        for i in range(9):
            z = 3.0 + i * 5.2
            canvas.level(0.0, 10.0).rect(Id.PARKING, WHITE, x0, z, x1, z + 0.22)
    _lines(canvas, layout, dice)
    if layout.track:
        _track(canvas, layout.track, dice)
    for kerb, out in ((layout.left, -1), (layout.right, 1)):
        strip(canvas, Id.SIDEWALK, shade(colors.pavement, 1.2), kerb, kerb + out * 0.2,
              Texture.PLAIN)  # fmt: skip
    if layout.junction:
        _junction(canvas, layout, colors, *layout.junction)
    if layout.crossing:
        _zebra(canvas, layout, layout.crossing)


def _patches(canvas: Canvas, layout: Layout, colors: GroundColors, dice: Dice) -> None:
    """Mended asphalt, manhole covers, a slab of another stone."""
    sheet = canvas.level(0.0, 10.0)
    for _ in range(dice.count(1, 4)):
        x, z = dice.between(layout.left + 0.5, layout.right - 1.5), dice.between(4, 20)
        tone = shade(colors.road, dice.between(0.8, 1.15))
        x1, z1 = x + dice.between(0.6, 2.0), z + dice.between(1, 6)
        sheet.rect(Id.ROAD, tone, x, z, x1, z1, texture=Texture.ASPHALT)
    for _ in range(dice.count(0, 2)):
        x, z = dice.between(-1.5, 1.5), dice.between(4.5, 14)
        sheet.ellipse(Id.ROAD, shade(colors.road, 0.6), x, z, 0.35, 0.35)
        sheet.ellipse(Id.ROAD, shade(colors.road, 0.78), x, z, 0.25, 0.25)


def _lines(canvas: Canvas, layout: Layout, dice: Dice) -> None:
    ink = dice.pick((WHITE, (214, 212, 206), (226, 200, 110)))
    middle = -1.75
    if dice.chance(0.3):
        strip(canvas, Id.ROAD, ink, middle - 0.08, middle + 0.08, Texture.ASPHALT)
    else:
        z = dice.between(1.5, 4.5)
        while z < 60:
            strip(canvas, Id.ROAD, ink, middle - 0.09, middle + 0.09, Texture.ASPHALT, z, z + 2.4)
            z += 5.0
    if dice.chance(0.5):
        for x in (layout.left + 0.35, layout.right - 0.35):
            strip(canvas, Id.ROAD, ink, x - 0.07, x + 0.07, Texture.ASPHALT)
    if dice.chance(0.15):  # an arrow on our lane
        z, sheet = dice.between(5, 9), canvas.level(0.0, 10.0)
        sheet.rect(Id.ROAD, ink, -0.1, z, 0.1, z + 2.2, texture=Texture.ASPHALT)
        sheet.polygon(Id.ROAD, ink, ((-0.4, z + 2.2), (0.4, z + 2.2), (0, z + 3.6)),
                      texture=Texture.ASPHALT)  # fmt: skip


def _track(canvas: Canvas, track: tuple[float, float], dice: Dice) -> None:
    """Two rails in ballast or grass, with sleepers."""
    x0, x1 = track
    bed = vary(dice.pick(((128, 116, 104), (112, 108, 106), (140, 124, 104))), dice)
    strip(canvas, Id.RAIL_TRACK, bed, x0, x1, Texture.BALLAST)
    sheet, middle = canvas.level(0.0, 10.0), (x0 + x1) / 2
    z = 2.0
    while z < 40:
        sheet.rect(Id.RAIL_TRACK, shade(bed, 0.62), middle - 1.1, z, middle + 1.1, z + 0.3)
        z += 1.1 if z < 15 else 2.2
    for x in (middle - 0.72, middle + 0.72):
        strip(canvas, Id.RAIL_TRACK, (78, 76, 78), x - 0.1, x + 0.1, Texture.PLAIN)
        strip(canvas, Id.RAIL_TRACK, (196, 198, 200), x - 0.03, x + 0.03, Texture.PLAIN)


def _junction(canvas: Canvas, layout: Layout, colors: GroundColors, z0: float, z1: float) -> None:
    for x0, x1 in ((-200.0, layout.left + 0.02), (layout.right - 0.02, 200.0)):
        strip(canvas, Id.SIDEWALK, colors.pavement, x0, x1, Texture.SLABS, z0 - 1.6, z1 + 1.6)
    strip(canvas, Id.ROAD, colors.road, -200, 200, Texture.ASPHALT, z0, z1)
    for x0, x1 in ((-200.0, layout.left), (layout.right, 200.0)):
        for z, out in ((z0, -0.2), (z1, 0.2)):
            strip(canvas, Id.SIDEWALK, shade(colors.pavement, 1.2), x0, x1, Texture.PLAIN,
                  min(z, z + out), max(z, z + out))  # fmt: skip


def _zebra(canvas: Canvas, layout: Layout, z: float) -> None:
    x = layout.left + 0.4
    while x + 0.5 < layout.right:
        strip(canvas, Id.ROAD, WHITE, x, x + 0.5, Texture.ASPHALT, z, z + 3.0)
        x += 1.0
