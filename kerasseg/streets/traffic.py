"""What drives, rides, waits and crosses on the road."""

from kerasseg.streets import heavy, people, roadside, vehicles
from kerasseg.streets.street import Street


def put_traffic(street: Street) -> None:
    """Our lane, the lane of those who come, the track, the kerbs, the side street."""
    dice, layout = street.dice, street.layout
    z = dice.between(6.5, 16)
    if dice.chance(0.72):
        _vehicle(street, dice.between(-0.2, 0.3), z, coming=False)
        if dice.chance(0.5):
            _vehicle(street, dice.between(-0.2, 0.3), z + dice.between(13, 20), coming=False)
    on_left = layout.track is not None and layout.track[0] < 0
    if not (on_left and layout.left > -6):
        lane = layout.left + 1.7 if on_left or layout.left > -6.5 else -3.6
        z = dice.between(6, 14)
        for _ in range(dice.count(0, 2)):
            _vehicle(street, lane, z, coming=True)
            z += dice.between(12, 18)
    if layout.track is not None:
        if dice.chance(0.9):
            x, z = (layout.track[0] + layout.track[1]) / 2, dice.between(6, 16)
            coming = dice.chance(0.7)
            street.put(heavy.tram, x, z, sky=street.sky, coming=coming, dark=street.dark)
    else:
        if layout.right > 3.9:
            _parked(street, layout.right - 1.15, coming=False)
        if layout.left < -7:
            _parked(street, layout.left + 1.15, coming=True)
    if layout.junction and dice.chance(0.6):
        z = layout.junction[0] + dice.between(1.5, 4)
        street.put(vehicles.crossing_car, dice.between(-9, 6), z, sky=street.sky)
    if dice.chance(0.3):  # somebody on two wheels turns across
        motor, z = dice.chance(0.45), dice.between(6.5, 13)
        _two_wheels(street, dice.between(-4, 3), z, motor=motor, ridden=True, side=True)
    if layout.crossing:
        for _ in range(dice.count(0, 3)):
            x, z = dice.between(layout.left, layout.right), dice.between(0.5, 2.5)
            street.put(people.person, x, layout.crossing + z)
    if dice.chance(0.07):
        half = max(-layout.left_edge, layout.right_edge)
        street.put(roadside.bridge, 0.0, dice.between(24, 40), half_width=half)
    elif street.place in ("park", "works") and layout.junction is None and dice.chance(0.15):
        half = max(-layout.left_edge, layout.right_edge)
        street.put(roadside.tunnel, 0.0, dice.between(48, 60), half_width=half)


def _vehicle(street: Street, x: float, z: float, *, coming: bool) -> None:
    """Whatever drives there: mostly a car."""
    dice = street.dice
    roll = dice.between(0, 1)
    if roll < 0.42:
        kind = heavy.truck if roll < 0.22 else heavy.bus
    elif roll < 0.6:
        near = min(z, dice.between(6, 15))
        motor = dice.chance(0.55)
        _two_wheels(street, x + 0.5, near, motor=motor, ridden=True, side=False)
        return
    else:
        kind = vehicles.car
    street.put(kind, x, z, sky=street.sky, coming=coming, dark=street.dark)


def _two_wheels(
    street: Street, x: float, z: float, *, motor: bool, ridden: bool, side: bool
) -> None:
    street.put(people.two_wheeler, x, z, motor=motor, ridden=ridden, side=side)


def _parked(street: Street, x: float, *, coming: bool) -> None:
    """A row at the kerb with gaps, clear of the side street."""
    dice, sky = street.dice, street.sky
    z = dice.between(5, 9)
    while z < 38:
        if not street.in_junction(z, 6, 2) and dice.chance(0.75):
            roll = dice.between(0, 1)
            if roll < 0.05:
                street.put(vehicles.caravan, x, z, sky=sky)
            elif roll < 0.10:
                street.put(vehicles.trailer, x, z)
            elif roll < 0.18 and z < 16:
                _two_wheels(street, x, z, motor=True, ridden=False, side=True)
            else:
                street.put(vehicles.car, x, z, sky=sky, coming=coming, dark=False)
        z += 5.6
