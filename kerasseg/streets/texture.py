"""What paint looks like from near: grain, slabs, leaves and blades, laid over the flat colours."""

from enum import IntEnum

import numpy as np

from kerasseg.streets.camera import Camera


class Texture(IntEnum):
    """The kind of a surface; GLOW is light of its own, which no dusk darkens."""

    PLAIN = 0
    SKY = 1
    GLOW = 2
    ASPHALT = 3
    SLABS = 4
    GRASS = 5
    LEAVES = 6
    PLASTER = 7
    STONE = 8
    BALLAST = 9
    COBBLES = 10
    FUR = 11


GROUND = (
    Texture.ASPHALT, Texture.SLABS, Texture.GRASS, Texture.BALLAST, Texture.COBBLES,
)  # fmt: skip

# Strength of grain (1 px), speckle (2 px), mottle (5 px) and cloud (24 px), in grey levels.
_STRENGTH = {
    Texture.PLAIN: (2, 0, 1, 3),
    Texture.SKY: (0, 0, 0, 5),
    Texture.GLOW: (0, 0, 0, 0),
    Texture.ASPHALT: (11, 3, 2, 8),
    Texture.SLABS: (3, 2, 3, 6),
    Texture.GRASS: (8, 14, 8, 12),
    Texture.LEAVES: (6, 16, 26, 10),
    Texture.PLASTER: (3, 1, 3, 9),
    Texture.STONE: (4, 9, 10, 8),
    Texture.BALLAST: (12, 22, 6, 4),
    Texture.COBBLES: (4, 8, 4, 6),
    Texture.FUR: (8, 12, 4, 4),
}


def _noise(generator: np.random.Generator, shape: tuple[int, int], cell: int) -> np.ndarray:
    """Noise in -1…1 whose grains are `cell` pixels wide, bilinear between them; float32 (H, W)."""
    rows, columns = -(-shape[0] // cell) + 1, -(-shape[1] // cell) + 1
    coarse = generator.integers(0, 256, (rows, columns), dtype=np.uint8).astype(np.float32)
    coarse = coarse / np.float32(127.5) - 1
    if cell == 1:
        return coarse[: shape[0], : shape[1]]
    y, x = np.arange(shape[0]), np.arange(shape[1])
    fy = ((y % cell) / cell).astype(np.float32)[:, None]
    fx = ((x % cell) / cell).astype(np.float32)[None, :]
    top, bottom = coarse[y // cell], coarse[y // cell + 1]
    lines = top + (bottom - top) * fy
    left, right = lines[:, x // cell], lines[:, x // cell + 1]
    return left + (right - left) * fx


def _pattern(
    across: np.ndarray, along: np.ndarray, width: float, length: float, joint: float
) -> np.ndarray:
    """Laid slabs, every other row shifted: tint in -1…1, joints at -3; float32 (H, W)."""
    row = np.floor(along / np.float32(length))
    shifted = across / np.float32(width) + (row % 2) * np.float32(0.5)
    column = np.floor(shifted)
    tint = ((column * 37 + row * 91) % 17) / np.float32(8) - 1
    in_row = along / np.float32(length) - row
    in_column = shifted - column
    tint[(in_row < joint) | (in_column < joint)] = -3
    return tint


def texture_offsets(
    kinds: np.ndarray, generator: np.random.Generator, *, camera: Camera, slab: tuple[float, float]
) -> np.ndarray:
    """Grey levels to add to the picture, float32 (H, W).

    kinds: uint8 (H, W), the Texture of each pixel. camera: for the perspective of what
    lies on the ground. slab: width and length of the paving slabs in metres.
    """
    shape = kinds.shape
    table = np.zeros((4, 256), np.float32)
    for texture, strength in _STRENGTH.items():
        table[:, texture] = strength
    total = np.zeros(shape, np.float32)
    for cell, row in zip((1, 2, 5, 24), table, strict=True):
        total += row[kinds] * _noise(generator, shape, cell)

    first = max(int(camera.horizon) + 3, 0)
    rows = np.arange(first, shape[0], dtype=np.float32)[:, None] - np.float32(camera.horizon)
    z = np.float32(camera.focal * camera.height) / rows
    columns = np.arange(shape[1], dtype=np.float32)[None, :] - np.float32(camera.center)
    x = columns * z / np.float32(camera.focal) - np.float32(camera.bend) * z * z
    below, part = kinds[first:], total[first:]
    # Joints thinner than a pixel would only flicker: the pattern fades out with distance.
    fade = np.clip((np.float32(22) - z) / 14, 0, 1)
    slabs = _pattern(x, np.broadcast_to(z, x.shape), *slab, 0.07) * fade * 6
    cobbles = _pattern(x, np.broadcast_to(z, x.shape), 0.34, 0.5, 0.16) * fade * 8
    tracks = (np.floor(x * 3) * 61 % 13 / 6 - 1) * np.float32(3)
    np.add(part, slabs, out=part, where=below == Texture.SLABS)
    np.add(part, cobbles, out=part, where=below == Texture.COBBLES)
    np.add(part, tracks, out=part, where=below == Texture.ASPHALT)
    return total
