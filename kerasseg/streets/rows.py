"""The two sides of a street: house fronts, gardens, walls, parks, from far to near."""

from kerasseg.streets import houses, nature, roadside
from kerasseg.streets.ground import strip
from kerasseg.streets.ids import Id
from kerasseg.streets.street import Street
from kerasseg.streets.texture import Texture

KINDS = {
    "city": ("house",) * 7 + ("wall", "fence", "park"),
    "avenue": ("house",) * 6 + ("wall", "fence", "park", "park"),
    "suburb": ("cottage", "fence", "fence", "hedge", "cottage", "wall", "lawn"),
    "park": ("park", "lawn", "park", "wall", "fence", "rail"),
    "works": ("wall", "wall", "fence", "house", "lawn"),
}
_TREES = {"park": 5, "lawn": 1, "rail": 4}


def paint_row(street: Street, side: int) -> None:
    """side: -1 left, 1 right of the road."""
    dice, junction = street.dice, street.layout.junction
    kinds = KINDS[street.place]
    pieces, z, kind = [], dice.between(0.8, 2.5), dice.pick(kinds)
    while z < 75:
        length = dice.between(6, 10) if kind in ("house", "cottage") else dice.between(9, 18)
        if junction and z + length > junction[0] - 1.6 and z < junction[1]:
            length = junction[0] - 1.6 - z
            if length > 2:
                pieces.append((z, length, kind))
            z = junction[1] + 1.6
        else:
            pieces.append((z, length, kind))
            z += length
        if kind != "house" or dice.chance(0.35):
            kind = dice.pick(kinds)
    for z, length, kind in reversed(pieces):
        if kind == "house":
            _house(street, side, z, length)
        else:
            _garden(street, side, z, length, kind)


def _house(street: Street, side: int, z: float, length: float) -> None:
    canvas, dice = street.canvas, street.dice
    x = street.edge(side) + side * 0.05
    strip(
        canvas, Id.SIDEWALK, street.colors.pavement, x, x + side * 12, Texture.SLABS, z, z + length
    )
    low, high = (4.5, 8) if street.place == "works" else (6.5, 14)
    houses.house(
        canvas,
        x,
        z,
        length,
        dice.between(low, high),
        dice,
        street.sky,
        lit=street.weather.lit_windows,
        shop=street.place in ("city", "avenue") and dice.chance(0.6),
    )


def _garden(street: Street, side: int, z: float, length: float, kind: str) -> None:
    """A lawn with trees, often a house in it, and what parts it from the pavement."""
    canvas, dice = street.canvas, street.dice
    x = street.edge(side) + side * 0.05
    if street.place in ("city", "avenue"):
        strip(
            canvas, Id.TERRAIN, street.colors.lawn, x, x + side * 60, Texture.GRASS, z, z + length
        )
    if kind in ("cottage", "fence", "hedge", "wall") and dice.chance(0.6):
        out = dice.between(3.5, 6)
        houses.cottage(
            canvas, x + side * out, z + 1, dice, street.sky, lit=street.weather.lit_windows
        )
    spots = sorted(
        (dice.between(z, z + length), dice.between(2.0, 14)) for _ in range(_TREES.get(kind, 2))
    )
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
    elif z > 4 and dice.chance(0.5):
        nature.bush(canvas, x + side * 1.5, z + length / 2, dice)
