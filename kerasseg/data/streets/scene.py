"""One street: what stands where, painted from the horizon to the bonnet of our own car."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from kerasseg.data.streets import furniture, heavy, houses, nature, people, roadside, vehicles
from kerasseg.data.streets.canvas import HEIGHT, WIDTH, Camera, Canvas
from kerasseg.data.streets.dice import Dice
from kerasseg.data.streets.ground import GroundColors, Layout, paint_ground, strip
from kerasseg.data.streets.ids import Id
from kerasseg.data.streets.paint import Color, shade, vary
from kerasseg.data.streets.texture import Texture
from kerasseg.data.streets.unknown import UNKNOWNS
from kerasseg.data.streets.weather import DAYS, Weather, develop, paint_sky, sky_at

PLACES = (
    "city", "city", "city", "city", "city", "avenue", "avenue", "avenue", "suburb", "suburb",
    "suburb", "suburb", "park", "park", "park", "works",
)  # fmt: skip
ROWS = {
    "city": ("house",) * 7 + ("wall", "fence", "park"),
    "avenue": ("house",) * 6 + ("wall", "fence", "park", "park"),
    "suburb": ("cottage", "fence", "fence", "hedge", "cottage", "wall", "lawn"),
    "park": ("park", "lawn", "park", "wall", "fence", "rail"),
    "works": ("wall", "wall", "fence", "house", "lawn"),
}


@dataclass
class Street:
    """The drawing of one image: the sheet and all that its parts need to know."""

    canvas: Canvas
    dice: Dice
    weather: Weather
    place: str
    layout: Layout
    colors: GroundColors
    sky: Color
    autumn: bool
    things: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    @property
    def dark(self) -> bool:
        return self.weather.name in ("dusk", "evening", "fog")

    def put(self, z: float, paint: Callable[[], None]):
        self.things.append((z, paint))


def draw_scene(dice: Dice, *, unknowns: int) -> tuple[np.ndarray, np.ndarray]:
    """One picture, uint8 (256, 512, 3) RGB, and its label ids, uint8 (256, 512).

    unknowns: how many objects of no class (label id 0) stand in it, >= 0.
    """
    street = _plan(dice)
    canvas = street.canvas
    paint_sky(canvas, street.weather, dice)
    haze = street.weather.horizon
    if street.place in ("city", "avenue", "works") and dice.chance(0.7):
        houses.skyline(canvas, dice, street.sky, haze)
    else:
        nature.woods(canvas, dice, haze, autumn=street.autumn)
    paint_ground(canvas, street.layout, street.colors, dice)
    for side in (-1, 1):
        _row(street, side)
    _traffic(street)
    for side in (-1, 1):
        _pavement(street, side)
    for _ in range(unknowns):
        _unknown(street)
    for _, paint in sorted(street.things, key=lambda thing: -thing[0]):
        paint()
    _own_car(canvas, dice)
    return develop(canvas, street.weather, dice)


def _plan(dice: Dice) -> Street:
    weather, place = dice.pick(DAYS), dice.pick(PLACES)
    bend = dice.between(-0.004, 0.004) if dice.chance(0.6) else 0.0
    camera = Camera(
        focal=dice.between(330, 390), center=WIDTH / 2 + dice.between(-70, 70),
        horizon=dice.between(92, 122), height=dice.between(1.5, 1.95), bend=bend,
    )  # fmt: skip
    sunny = dice.sign()
    light = {sunny: 1 + weather.sun / 2, -sunny: 1 - weather.sun / 2, 0: 1 - weather.sun / 6}
    layout = _layout(place, dice)
    canvas = Canvas(camera, light)
    return Street(
        canvas=canvas, dice=dice, weather=weather, place=place, layout=layout,
        colors=GroundColors.draw(dice), sky=sky_at(weather, 40, camera), autumn=dice.chance(0.25),
    )  # fmt: skip


def _layout(place: str, dice: Dice) -> Layout:
    left, right = -dice.between(5.0, 5.6), dice.between(1.9, 2.5)
    track = parking = junction = crossing = None
    if place == "avenue" or (place == "city" and dice.chance(0.2)):
        if dice.chance(0.6):
            track = (-4.9, -2.1)
            left = -8.4 if dice.chance(0.5) else -5.1
        else:
            track = (2.2, 5.0)
            right = 5.2
    elif place != "park":
        if dice.chance(0.7):
            right += 2.2
            if dice.chance(0.3):
                parking = (right - 2.3, right)
        if dice.chance(0.6):
            left -= 2.2
    walk = (1.6, 2.6) if place in ("suburb", "park", "works") else (2.4, 4.2)
    left_edge, right_edge = left - dice.between(*walk), right + dice.between(*walk)
    if place == "park" and dice.chance(0.5):
        left_edge = left - 0.2
    if dice.chance(0.3):
        z = dice.between(11, 22)
        junction = (z, z + dice.between(6.5, 9))
        if dice.chance(0.7):
            crossing = z - 4.4
    elif dice.chance(0.2):
        crossing = dice.between(5, 14)
    return Layout(left, right, left_edge, right_edge, parking, track, junction, crossing)


def _row(street: Street, side: int):
    """The house fronts, gardens and walls of one side, far to near."""
    dice, layout = street.dice, street.layout
    edge = layout.right_edge if side > 0 else layout.left_edge
    pieces, z = [], dice.between(0.8, 2.5)
    kinds = ROWS[street.place]
    kind = dice.pick(kinds)
    while z < 75:
        length = dice.between(6, 10) if kind in ("house", "cottage") else dice.between(9, 18)
        if layout.junction and z + length > layout.junction[0] - 1.6 and z < layout.junction[1]:
            length = layout.junction[0] - 1.6 - z
            if length > 2:
                pieces.append((z, length, kind))
            z = layout.junction[1] + 1.6
        else:
            pieces.append((z, length, kind))
            z += length
        if kind not in ("house",) or dice.chance(0.35):
            kind = dice.pick(kinds)
    for z, length, kind in reversed(pieces):
        _piece(street, edge, side, z, length, kind)


def _piece(street: Street, edge: float, side: int, z: float, length: float, kind: str):
    canvas, dice, sky = street.canvas, street.dice, street.sky
    lit = street.weather.lit_windows
    x = edge + side * 0.05
    if kind == "house":
        strip(canvas, Id.SIDEWALK, street.colors.pavement, x, x + side * 12, Texture.SLABS, z,
              z + length)  # fmt: skip
        tall = (4.5, 8) if street.place == "works" else (6.5, 14)
        houses.house(canvas, x, z, length, dice.between(*tall), dice, sky, lit=lit,
                     shop=street.place in ("city", "avenue") and dice.chance(0.6))  # fmt: skip
        return
    # Behind the edge: far things first.
    if kind in ("cottage", "fence", "hedge", "wall") and dice.chance(0.6):
        houses.cottage(canvas, x + side * dice.between(3.5, 6), z + 1, dice, sky, lit=lit)
    if kind in ("park", "lawn", "rail", "hedge", "wall", "fence", "cottage"):
        dense = {"park": 5, "lawn": 1, "rail": 4}.get(kind, 2)
        spots = sorted((dice.between(z, z + length), dice.between(2.0, 14)) for _ in range(dense))
        for depth, out in reversed(spots):
            if depth > 5 and (kind != "lawn" or dice.chance(0.5)):
                nature.tree(canvas, x + side * out, depth, dice, autumn=street.autumn)
    if kind == "wall":
        roadside.wall(canvas, x, z, length, dice)
    elif kind == "fence":
        roadside.fence(canvas, x, z, length, dice)
    elif kind == "hedge":
        nature.hedge(canvas, x, z, length, dice.between(1.1, 2.2), dice)
    elif kind == "rail":
        roadside.guard_rail(canvas, x, z, length)
    elif kind in ("cottage", "lawn", "park") and dice.chance(0.5) and z > 4:
        nature.bush(canvas, x + side * 1.5, z + length / 2, dice)


def _vehicle(street: Street, x: float, z: float, *, coming: bool):
    """Whatever drives there: mostly a car."""
    canvas, dice, sky, dark = street.canvas, street.dice, street.sky, street.dark
    roll = dice.between(0, 1)
    style = {"coming": coming, "dark": dark}
    if roll < 0.13:
        street.put(z, lambda: heavy.truck(canvas, x, z, dice, sky, **style))
    elif roll < 0.26:
        street.put(z, lambda: heavy.bus(canvas, x, z, dice, sky, **style))
    elif roll < 0.40:
        near = min(z, dice.between(6, 15))
        motor = dice.chance(0.55)
        street.put(near, lambda: people.two_wheeler(
            canvas, x + 0.5, near, dice, motor=motor, ridden=True, side=False))  # fmt: skip
    else:
        street.put(z, lambda: vehicles.car(canvas, x, z, dice, sky, **style))


def _traffic(street: Street):
    canvas, dice, sky, layout = street.canvas, street.dice, street.sky, street.layout
    z = dice.between(6.5, 16)
    if dice.chance(0.7):
        _vehicle(street, dice.between(-0.2, 0.3), z, coming=False)
        if dice.chance(0.5):
            _vehicle(street, dice.between(-0.2, 0.3), z + dice.between(13, 20), coming=False)
    on_left = layout.track is not None and layout.track[0] < 0
    lane = layout.left + 1.7 if on_left or layout.left > -6.5 else -3.6
    if not (on_left and layout.left > -6):
        z = dice.between(6, 14)
        for _ in range(dice.count(0, 2)):
            _vehicle(street, lane, z, coming=True)
            z += dice.between(12, 18)
    if layout.track and dice.chance(0.85):
        x, z = (layout.track[0] + layout.track[1]) / 2, dice.between(6, 16)
        coming = dice.chance(0.7)
        street.put(z, lambda: heavy.tram(canvas, x, z, dice, sky, coming=coming, dark=street.dark))
    if layout.track is None:
        if layout.right > 3.9:
            _parked(street, layout.right - 1.15, coming=False)
        if layout.left < -7:
            _parked(street, layout.left + 1.15, coming=True)
    if layout.junction and dice.chance(0.6):
        x, z = dice.between(-9, 6), layout.junction[0] + dice.between(1.5, 4)
        street.put(z, lambda: vehicles.crossing_car(canvas, x, z, dice, sky))
    if dice.chance(0.3):  # somebody on two wheels turns across
        x, near, motor = dice.between(-4, 3), dice.between(6.5, 13), dice.chance(0.45)
        street.put(near, lambda: people.two_wheeler(
            canvas, x, near, dice, motor=motor, ridden=True, side=True))  # fmt: skip
    if layout.crossing:
        for _ in range(dice.count(0, 3)):
            x, z = dice.between(layout.left, layout.right), layout.crossing + dice.between(0.5, 2.5)
            street.put(z, lambda x=x, z=z: people.person(canvas, x, z, dice))
    if dice.chance(0.07):
        z = dice.between(24, 40)
        half = max(-layout.left_edge, layout.right_edge)
        street.put(z, lambda: roadside.bridge(canvas, z, half, dice))


def _parked(street: Street, x: float, *, coming: bool):
    canvas, dice, sky = street.canvas, street.dice, street.sky
    z = dice.between(5, 9)
    while z < 38:
        blocked = street.layout.junction and (
            street.layout.junction[0] - 6 < z < street.layout.junction[1] + 2
        )
        if not blocked and dice.chance(0.75):
            roll = dice.between(0, 1)
            if roll < 0.05:
                street.put(z, lambda z=z: vehicles.caravan(canvas, x, z, dice, sky))
            elif roll < 0.10:
                street.put(z, lambda z=z: vehicles.trailer(canvas, x, z, dice))
            elif roll < 0.18 and z < 16:
                street.put(z, lambda z=z: people.two_wheeler(
                    canvas, x, z, dice, motor=True, ridden=False, side=True))  # fmt: skip
            else:
                street.put(z, lambda z=z: vehicles.car(
                    canvas, x, z, dice, sky, coming=coming, dark=False))  # fmt: skip
        z += 5.6


def _pavement(street: Street, side: int):
    canvas, dice, layout = street.canvas, street.dice, street.layout
    kerb, edge = (layout.right, layout.right_edge) if side > 0 else (layout.left, layout.left_edge)
    line = kerb + side * 0.55
    narrow = abs(edge - kerb) < 1
    green = street.place in ("avenue", "suburb", "park") and dice.chance(0.6)
    z = dice.between(5, 9)
    lit = street.dark
    while z < 34:
        if layout.junction and layout.junction[0] - 1 < z < layout.junction[1] + 1:
            z = layout.junction[1] + 1.5
        roll = dice.between(0, 1)
        if roll < 0.3 and not narrow:
            if green:
                street.put(z, lambda z=z: nature.tree(canvas, line, z, dice, autumn=street.autumn))
            else:
                street.put(z, lambda z=z: furniture.lamp(canvas, line, z, dice, arm=-side, lit=lit))
        elif roll < 0.42:
            street.put(z, lambda z=z: furniture.lamp(canvas, line, z, dice, arm=-side, lit=lit))
        elif roll < 0.68 and z < 24:
            street.put(z, lambda z=z: furniture.sign(canvas, line, z, dice))
        elif roll < 0.74 and 8 < z < 28:
            street.put(z, lambda z=z: furniture.board(canvas, line + side * 0.8, z, dice))
        elif roll < 0.80 and z < 14:
            street.put(z, lambda z=z: furniture.bollards(canvas, line, z, dice))
        elif roll < 0.82 and z < 20:
            street.put(z, lambda z=z: furniture.pole_group(canvas, line, z, dice))
        elif roll < 0.92 and z < 20 and not narrow:
            street.put(z, lambda z=z: furniture.static_thing(canvas, line, z, dice))
        z += dice.between(5, 9)
    light_at = None
    if layout.junction:
        light_at = layout.junction[0] - 0.8
    elif layout.crossing and dice.chance(0.7):
        light_at = layout.crossing - 0.3
    elif dice.chance(0.12):
        light_at = dice.between(8, 16)
    if light_at:
        arm = -side if dice.chance(0.4) else 0
        street.put(light_at, lambda: furniture.traffic_light(canvas, line, light_at, dice, arm=arm))
    if narrow:
        return
    for _ in range(dice.count(0, 4) if street.place in ("city", "avenue") else dice.count(0, 2)):
        x, z = dice.between(kerb + side * 0.7, edge - side * 0.5), dice.between(5.5, 21)
        street.put(z, lambda x=x, z=z: people.person(canvas, x, z, dice))
    if dice.chance(0.3):
        x, z = edge - side * 0.6, dice.between(6, 14)
        motor = dice.chance(0.25)
        for i in range(1 if motor else dice.count(1, 3)):
            street.put(z + i * 1.2, lambda z=z + i * 1.2: people.two_wheeler(
                canvas, x, z, dice, motor=motor, ridden=False, side=True))  # fmt: skip
    if dice.chance(0.08):
        x, z = dice.between(kerb + side, edge), dice.between(6, 12)
        street.put(z, lambda: furniture.dynamic_thing(canvas, x, z, dice))


def _unknown(street: Street):
    """Something never seen in training, mostly on the road or the pavement."""
    canvas, dice, layout = street.canvas, street.dice, street.layout
    z = dice.between(5.0, 12)
    x = dice.between(layout.left_edge * 0.8, layout.right_edge * 0.9)
    paint = dice.pick(UNKNOWNS)
    street.put(z, lambda: paint(canvas, x, z, dice))


def _own_car(canvas: Canvas, dice: Dice):
    """The bonnet at the bottom, and the thin border that rectification leaves."""
    sheet = canvas.screen()
    if dice.chance(0.75):
        color = vary(dice.pick(((70, 74, 80), (150, 150, 152), (120, 36, 40), (40, 60, 100))), dice)
        top, middle = HEIGHT - dice.between(9, 20), WIDTH / 2 + dice.between(-20, 20)
        rim = [
            (WIDTH * i / 16, top + ((WIDTH * i / 16 - middle) / 256) ** 2 * 14) for i in range(17)
        ]
        sheet.polygon(Id.EGO, color, [*rim, (WIDTH, HEIGHT), (0, HEIGHT)])
        inner = [(u, v + 4) for u, v in rim]
        sheet.polygon(Id.EGO, shade(color, 1.2), [*inner, (WIDTH, HEIGHT), (0, HEIGHT)])
    if dice.chance(0.5):
        dark = (16, 16, 18)
        sheet.rect(Id.BORDER, dark, 0, 0, 2, HEIGHT)
        sheet.rect(Id.BORDER, dark, WIDTH - 2, 0, WIDTH, HEIGHT)
        sheet.rect(Id.OUTSIDE, dark, 0, HEIGHT - 2, WIDTH, HEIGHT)
