"""A large image in overlapping tiles, with the labels that one pass over it would give.

A tile starts where the working scale meets a multiple of the net's deepest stride, so that all
poolings fall on the same pixels as in one pass, and has a margin at least as wide as the net sees;
of each answer only the centre is kept. Then a pixel is computed from the same numbers in both.
They need not be added in the same order, so a confidence may differ in its last bits. A net that
sees the whole image computes it in one pass, however large it is: no margin would be wide enough.

One pass rounds the working size of an odd image; its tiles keep the exact scale. There, and at a
scale that hardly ever meets a whole pixel (1023 to 511), tiles are off by up to half a pixel.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import ceil, gcd, lcm

import numpy as np

Outputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Span:
    """One tile along one axis: pixels start…stop are computed, keep_from…keep_to are kept."""

    start: int
    stop: int
    keep_from: int
    keep_to: int

    @property
    def inner(self) -> slice:
        """What is kept, seen from `start`."""
        return slice(self.keep_from - self.start, self.keep_to - self.start)


def spans(
    side: int, *, working: int, native: int, stride: int, reach: int | None, tile: int
) -> list[Span]:
    """Tiles along a side of `side` pixels, from the first to the last.

    working / native: the working scale of this axis. stride, reach: see ModelDescription. tile:
    largest side of a tile in pixels; it is raised to three margins where the net sees too far for
    that. Where reach is None there is one tile.
    """
    if reach is None:
        return [Span(0, side, 0, side)]
    block = max(1, -(-native // (2 * working)))  # pixels that are averaged before the resize
    # A working pixel more where the answer is resized, an averaged one where the image is.
    sees = (reach + 1) * Fraction(native, working) + 2 * block
    # The shortest step that is whole blocks, and at working scale a whole multiple of the stride;
    # if that is long, the nearest pixels to such multiples.
    whole = native * stride
    exact = lcm(whole // gcd(whole, working), block)
    step = Fraction(exact) if exact <= sees else Fraction(whole, working)
    margin = ceil(sees / step)
    longest = max(int(tile / step), 3 * margin)
    if side <= max(Fraction(tile), longest * step):
        return [Span(0, side, 0, side)]

    def at(steps: int) -> int:
        place = steps * step
        return side if place >= side else min(side, round(place / block) * block)

    count = 1 + ceil((side / step - longest) / (longest - 2 * margin))
    advance = ceil((side / step - 2 * margin) / count)  # all alike, none longer than need be
    tiles: list[Span] = []
    for i in range(count):
        start, stop = i * advance, (i + 1) * advance + 2 * margin
        last = at(stop) == side
        tiles.append(
            Span(
                at(start),
                at(stop),
                at(start + margin) if i else 0,
                side if last else at(stop - margin),
            )
        )
        if last:
            break
    return tiles


def compute_in_tiles(
    compute: Callable[[np.ndarray], Outputs],
    image: np.ndarray,
    *,
    working_size: tuple[int, int],
    native_size: tuple[int, int],
    stride: int,
    reach: int | None,
    tile: int,
) -> Outputs:
    """`compute` on every tile of one image, put together; on the whole if no side is too long.

    image: uint8 (H, W, 3). compute: uint8 (1, h, w, 3) -> {name: (1, h, w) or (1, h, w, C)}.
    The others: see ModelDescription. Returns {name: (H, W) or (H, W, C)}.
    """
    down, across = (
        spans(side, working=working, native=native, stride=stride, reach=reach, tile=tile)
        for side, working, native in zip(image.shape, working_size, native_size, strict=False)
    )
    if len(down) == len(across) == 1:
        return {name: values[0] for name, values in compute(image[None]).items()}
    outputs: Outputs = {}
    for rows, columns in product(down, across):
        part = image[rows.start : rows.stop, columns.start : columns.stop]
        for name, values in compute(np.ascontiguousarray(part[None])).items():
            if name not in outputs:
                outputs[name] = np.empty((*image.shape[:2], *values.shape[3:]), values.dtype)
            kept = values[0, rows.inner, columns.inner]
            outputs[name][rows.keep_from : rows.keep_to, columns.keep_from : columns.keep_to] = kept
    return outputs
