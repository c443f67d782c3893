"""Cars, vans, caravans and trailers: boxes with a near face and the sides that the camera sees."""

from collections.abc import Sequence
from dataclasses import dataclass

from kerasseg.streets.camera import Point
from kerasseg.streets.canvas import Canvas, Plane
from kerasseg.streets.dice import Dice
from kerasseg.streets.ids import Id
from kerasseg.streets.paint import CAR, Color, mix, shade, vary
from kerasseg.streets.texture import Texture

TYRE = (34, 34, 38)
RED, LAMP = (206, 44, 40), (255, 244, 206)


@dataclass(frozen=True)
class Box:
    """A vehicle's box on the road: near face at z, x its middle; metres."""

    canvas: Canvas
    x: float
    z: float
    width: float
    length: float

    def near(self, inset: float = 0.0) -> Plane:
        """The face towards us, `inset` metres farther off: u from -width/2 to width/2."""
        return self.canvas.facing(self.x, self.z + inset)

    def sides(self, *, turned: bool = False) -> list[Plane]:
        """The sides in sight, u from the near face (0) to the far end (length).

        turned: u from the far end to the near face, for what comes towards us.
        """
        planes = []
        project = self.canvas.camera.project
        for looks in (-1, 1):
            x = self.x + looks * self.width / 2
            near, far = project(x, 0, self.z)[0], project(x, 0, self.z + self.length)[0]
            if (far - near) * looks > 0:
                plane = self.canvas.receding(x, self.z, self.length, looks)
                planes.append(plane.mirrored(self.length) if turned else plane)
        return planes

    def solid(self, label: Id, color: Color, points: Sequence[tuple[float, float, float]]) -> None:
        """A polygon in space: (right of the middle, up, away from the near face)."""
        project, depth = self.canvas.camera.project, self.z + self.length / 2
        self.canvas.polygon(
            [project(self.x + x, y, self.z + z) for x, y, z in points],
            color,
            self.canvas.surface(label, Texture.PLAIN, depth),
        )

    def shade_ground(self, strength: float = 1.0) -> None:
        half, project = self.width / 2 + 0.12, self.canvas.camera.project
        self.canvas.cast(
            [
                project(self.x + dx, 0, self.z + dz)
                for dx, dz in (
                    (-half, -0.3), (half, -0.3), (half + 0.3, self.length), (-half, self.length),
                )
            ],
            strength,
        )  # fmt: skip


def wheel(plane: Plane, label: Id, u: float, radius: float = 0.33) -> None:
    plane.ellipse(label, TYRE, u, radius, radius, radius)
    plane.ellipse(label, (150, 152, 156), u, radius, radius * 0.55, radius * 0.55)


def glass(sky: Color, dice: Dice) -> Color:
    """A window pane: the sky in it, more or less."""
    return mix((44, 54, 66), sky, dice.between(0.1, 0.6))


def car_side(plane: Plane, paint: Color, pane: Color, *, van: bool = False) -> None:
    """Seen from the side, 4.3 m long from u = 0."""
    label = Id.CAR
    body: tuple[Point, ...]
    if van:
        body = ((0, 0.3), (4.3, 0.3), (4.3, 0.95), (3.5, 1.1), (3.0, 1.85), (0.1, 1.9), (0, 1.0))
        panes = (((0.3, 1.15), (0.3, 1.7), (1.5, 1.7), (1.5, 1.15)),
                 ((1.7, 1.15), (1.7, 1.7), (2.85, 1.68), (3.2, 1.15)))  # fmt: skip
    else:
        body = ((0, 0.28), (4.3, 0.28), (4.3, 0.72), (3.3, 0.9), (2.65, 1.42), (1.0, 1.45),
                (0.35, 0.95), (0, 0.9))  # fmt: skip
        panes = (((0.6, 0.95), (1.1, 1.35), (1.75, 1.35), (1.75, 0.95)),
                 ((1.9, 0.95), (1.9, 1.35), (2.55, 1.33), (3.0, 0.95)))  # fmt: skip
    plane.polygon(label, paint, body, outline=True)
    plane.rect(label, shade(paint, 0.75), 0, 0.28, 4.3, 0.42)
    for points in panes:
        plane.polygon(label, pane, points)
    wheel(plane, label, 0.85)
    wheel(plane, label, 3.45)
    plane.rect(label, RED, 0, 0.62, 0.16, 0.8)
    plane.rect(label, LAMP, 4.1, 0.55, 4.3, 0.7)


def car(
    canvas: Canvas, x: float, z: float, dice: Dice, *, sky: Color, coming: bool, dark: bool
) -> None:
    """A car along the road; `coming`: it shows its front. dark: its lamps shine."""
    van = dice.chance(0.22)
    paint, pane = vary(dice.pick(CAR), dice), glass(sky, dice)
    tall, waist = (1.9, 1.0) if van else (1.45, 0.9)
    box = Box(canvas, x, z, 1.85, 4.3)
    box.shade_ground()
    for side in box.sides(turned=coming):
        car_side(side, paint, pane, van=van)
    # Where the slanted window at the near end begins and ends, as in car_side.
    foot, head = ((0.8, 1.3) if coming else (0.0, 0.1)) if van else (
        (1.0, 1.65) if coming else (0.2, 0.95)
    )  # fmt: skip
    label, roof = Id.CAR, shade(paint, 1.1)
    box.solid(label, roof, [(u, waist, v) for u, v in ((-0.9, 0), (0.9, 0), (0.9, 2), (-0.9, 2))])
    for u in (-1.0, 1.0):
        box.solid(
            label, shade(paint, 0.9),
            ((u * 0.92, waist - 0.1, foot), (u * 0.7, waist, foot), (u * 0.7, tall, head),
             (u * 0.92, tall, head)),
        )  # fmt: skip
    box.solid(
        label,
        roof,
        [(u, tall, v) for u, v in ((-0.86, head), (0.86, head), (0.86, 2.9), (-0.86, 2.9))],
    )
    box.solid(
        label,
        paint,
        ((-0.88, waist, foot), (-0.8, tall, head), (0.8, tall, head), (0.88, waist, foot)),
    )
    rise = head - foot
    box.solid(
        label, pane, [(u, waist + (tall - waist) * t, foot + rise * t) for u, t in (
            (-0.76, 0.08), (-0.68, 0.86), (0.68, 0.86), (0.76, 0.08))],
    )  # fmt: skip
    face = box.near()
    for u in (-0.72, 0.72):
        face.rect(label, TYRE, u - 0.16, 0, u + 0.16, 0.4)
    face.polygon(
        label,
        paint,
        ((-0.92, 0.3), (0.92, 0.3), (0.92, waist - 0.2), (0.82, waist), (-0.82, waist),
         (-0.92, waist - 0.2)),
        outline=True,
    )  # fmt: skip
    face.rect(label, shade(paint, 0.6), -0.9, 0.26, 0.9, 0.38)
    face.rect(label, (236, 236, 226), -0.28, 0.44, 0.28, 0.56)
    lamp = LAMP if coming else RED
    kind = Texture.GLOW if dark else Texture.PLAIN
    for u in (-0.72, 0.72):
        face.ellipse(label, lamp, u, waist - 0.24, 0.16, 0.1, texture=kind)
    if coming:
        face.rect(label, (50, 52, 56), -0.4, 0.6, 0.4, 0.72)


def crossing_car(canvas: Canvas, x: float, z: float, dice: Dice, *, sky: Color) -> None:
    """A car across the road, seen from the side."""
    plane = canvas.facing(x, z, flip=dice.sign())
    left, right = plane.place(-0.2, 0), plane.place(4.5, 0)
    canvas.cast((left, right, (right[0], right[1] + 3), (left[0], left[1] + 3)), 0.9)
    car_side(plane, vary(dice.pick(CAR), dice), glass(sky, dice), van=dice.chance(0.2))


def caravan(canvas: Canvas, x: float, z: float, dice: Dice, *, sky: Color) -> None:
    """A parked caravan: a white round box with a stripe and a small window."""
    box = Box(canvas, x, z, 2.1, 4.8)
    box.shade_ground()
    white = vary((232, 228, 214), dice, 8)
    stripe, pane, label = dice.pick(CAR), glass(sky, dice), Id.CARAVAN
    for side in box.sides():
        side.polygon(
            label, white, ((0, 0.5), (4.8, 0.5), (4.8, 1.9), (4.3, 2.5), (0.5, 2.5), (0, 2.1)),
            outline=True,
        )  # fmt: skip
        side.rect(label, stripe, 0, 0.85, 4.8, 1.1)
        side.rect(label, pane, 1.0, 1.4, 2.2, 2.0)
        side.rect(label, shade(white, 0.85), 3.0, 0.55, 3.8, 2.1)
        wheel(side, label, 2.5)
    face = box.near()
    face.polygon(
        label, shade(white, 0.96),
        ((-1.05, 0.5), (1.05, 0.5), (1.05, 2.1), (0.85, 2.5), (-0.85, 2.5), (-1.05, 2.1)),
        outline=True,
    )  # fmt: skip
    face.rect(label, stripe, -1.05, 0.85, 1.05, 1.1)
    face.rect(label, pane, -0.7, 1.4, 0.7, 2.05)
    for u in (-0.85, 0.85):
        face.ellipse(label, RED, u, 0.66, 0.1, 0.08)


def trailer(canvas: Canvas, x: float, z: float, dice: Dice) -> None:
    """A parked open trailer with planked sides."""
    box = Box(canvas, x, z, 1.7, 2.6)
    box.shade_ground()
    paint, label = vary((150, 116, 78), dice), Id.TRAILER
    for side in box.sides():
        side.rect(label, paint, 0, 0.5, 2.6, 1.1, outline=True)
        side.rect(label, shade(paint, 0.7), 0, 0.78, 2.6, 0.82)
        wheel(side, label, 1.3)
    tarpaulin = mix(paint, (70, 96, 84), 0.6)
    box.solid(
        label, tarpaulin, ((-0.85, 1.1, 0), (0.85, 1.1, 0), (0.85, 1.1, 2.6), (-0.85, 1.1, 2.6))
    )
    face = box.near()
    for u in (-0.7, 0.7):
        face.rect(label, TYRE, u - 0.1, 0, u + 0.1, 0.5)
    face.rect(label, paint, -0.85, 0.5, 0.85, 1.1, outline=True)
    face.rect(label, shade(paint, 0.7), -0.85, 0.78, 0.85, 0.82)
    for u in (-0.68, 0.68):
        face.polygon(label, RED, ((u - 0.13, 0.55), (u + 0.13, 0.55), (u, 0.75)))
