"""The camera: where points of the scene come to lie in the picture."""

from dataclasses import dataclass

NEAR = 1.2  # metres: nothing is projected from nearer than this
Point = tuple[float, float]


@dataclass(frozen=True)
class Camera:
    """A pinhole over the road. Metres: x right of the lane, y up, z ahead; pixels: native."""

    focal: float  # pixels
    center: float  # column of the vanishing point of the straight road
    horizon: float  # its row
    height: float  # metres over the road
    bend: float  # 1/m: a point at z lies bend * z**2 metres to the right of its x

    def project(self, x: float, y: float, z: float) -> Point:
        z = max(z, NEAR)
        scale = self.focal / z
        return (
            self.center + (x + self.bend * z * z) * scale,
            self.horizon + (self.height - y) * scale,
        )
