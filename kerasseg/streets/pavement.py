"""What stands and walks on the pavements."""

from kerasseg.streets import furniture, nature, people
from kerasseg.streets.street import Street


def put_pavement(street: Street, side: int) -> None:
    """side: -1 left, 1 right of the road."""
    kerb, edge = street.kerb(side), street.edge(side)
    narrow = abs(edge - kerb) < 1
    _line(street, side, kerb + side * 0.55, narrow=narrow)
    _lights(street, side, kerb + side * 0.55)
    if not narrow:
        _people(street, side, kerb, edge)


def _line(street: Street, side: int, x: float, *, narrow: bool) -> None:
    """Lamps, trees, signs, bins along the kerb."""
    dice, junction = street.dice, street.layout.junction
    green = street.place in ("avenue", "suburb", "park") and dice.chance(0.6)
    z = dice.between(5, 9)
    while z < 34:
        if junction and street.in_junction(z, 1, 1):
            z = junction[1] + 1.5
        roll = dice.between(0, 1)
        if roll < 0.3 and green and not narrow:
            street.put(nature.tree, x, z, autumn=street.autumn)
        elif roll < 0.42:
            street.put(furniture.lamp, x, z, arm=-side, lit=street.dark)
        elif roll < 0.68 and z < 24:
            street.put(furniture.sign, x, z)
        elif roll < 0.74 and 8 < z < 28:
            street.put(furniture.board, x + side * 0.8, z)
        elif roll < 0.80 and z < 14:
            street.put(furniture.bollards, x, z)
        elif roll < 0.82 and z < 20:
            street.put(furniture.pole_group, x, z)
        elif roll < 0.92 and z < 20 and not narrow:
            street.put(furniture.static_thing, x, z)
        z += dice.between(5, 9)


def _lights(street: Street, side: int, x: float) -> None:
    """Traffic lights where a street or a zebra crosses, seldom elsewhere."""
    dice, layout = street.dice, street.layout
    z = None
    if layout.junction:
        z = layout.junction[0] - 0.8
    elif layout.crossing and dice.chance(0.7):
        z = layout.crossing - 0.3
    elif dice.chance(0.12):
        z = dice.between(8, 16)
    if z is not None:
        arm = -side if dice.chance(0.4) else 0
        street.put(furniture.traffic_light, x, z, arm=arm)


def _people(street: Street, side: int, kerb: float, edge: float) -> None:
    dice = street.dice
    busy = street.place in ("city", "avenue")
    for _ in range(dice.count(1, 4 if busy else 3)):
        x, z = dice.between(kerb + side * 0.7, edge - side * 0.5), dice.between(5.5, 16)
        street.put(people.person, x, z)
    if dice.chance(0.3):  # left at the wall
        x, z, motor = edge - side * 0.6, dice.between(6, 12), dice.chance(0.4)
        for i in range(1 if motor else dice.count(1, 3)):
            style = {"motor": motor, "ridden": False, "side": True}
            street.put(people.two_wheeler, x, z + i * 1.2, **style)
    if dice.chance(0.08):
        x, z = dice.between(kerb + side, edge), dice.between(6, 12)
        street.put(furniture.dynamic_thing, x, z)
