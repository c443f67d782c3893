"""The plan of one street: weather, camera, what lies across the road; nothing is painted yet."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from kerasseg.streets.camera import Camera
from kerasseg.streets.canvas import WIDTH, Canvas
from kerasseg.streets.dice import Dice
from kerasseg.streets.ground import GroundColors, Layout
from kerasseg.streets.paint import Color
from kerasseg.streets.weather import DAYS, Weather, sky_at

PLACES = (
    "city", "city", "city", "city", "avenue", "avenue", "avenue", "avenue", "suburb", "suburb",
    "suburb", "suburb", "park", "park", "park", "works",
)  # fmt: skip


@dataclass
class Street:
    """The drawing of one image: the sheet, and all that its parts need to know."""

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
        """Whether lamps are on."""
        return self.weather.name in ("dusk", "evening", "fog")

    def put(self, paint: Callable[..., None], x: float, z: float, **style: object) -> None:
        """Remembers to call paint(canvas, x, z, dice, **style) when its turn comes."""
        self.things.append((z, partial(paint, self.canvas, x, z, self.dice, **style)))

    def paint_things(self) -> None:
        """Far things first, so that near ones cover them."""
        for _, paint in sorted(self.things, key=lambda thing: -thing[0]):
            paint()

    def kerb(self, side: int) -> float:
        return self.layout.right if side > 0 else self.layout.left

    def edge(self, side: int) -> float:
        """The outer edge of the pavement."""
        return self.layout.right_edge if side > 0 else self.layout.left_edge

    def in_junction(self, z: float, before: float, behind: float) -> bool:
        junction = self.layout.junction
        return junction is not None and junction[0] - before < z < junction[1] + behind


def plan_street(dice: Dice) -> Street:
    """Chooses place, weather, camera and layout."""
    weather, place = dice.pick(DAYS), dice.pick(PLACES)
    bend = dice.between(-0.004, 0.004) if dice.chance(0.6) else 0.0
    camera = Camera(
        focal=dice.between(330, 390),
        center=WIDTH / 2 + dice.between(-70, 70),
        horizon=dice.between(92, 122),
        height=dice.between(1.5, 1.95),
        bend=bend,
    )
    sunny = dice.sign()
    light = {sunny: 1 + weather.sun / 2, -sunny: 1 - weather.sun / 2, 0: 1 - weather.sun / 6}
    return Street(
        canvas=Canvas(camera, light),
        dice=dice,
        weather=weather,
        place=place,
        layout=_layout(place, dice),
        colors=GroundColors.draw(dice),
        sky=sky_at(weather, 40, camera),
        autumn=dice.chance(0.25),
    )


def _layout(place: str, dice: Dice) -> Layout:
    left, right = -dice.between(5.0, 5.6), dice.between(1.9, 2.5)
    track = parking = junction = crossing = None
    if place == "avenue" or (place == "city" and dice.chance(0.3)):
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
