"""`augment.unknown`: convex pieces of other training images, pasted and labelled void.

They stand for things that fit no class: the background output learns to answer them. Pieces of
convex outline teach it better than squares do (SLEEG: "Self-supervised Likelihood Estimation with
Energy Guidance for Anomaly Segmentation in Urban Scenes", AAAI 2024).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFilter

from kerasseg.data.random_keys import UNKNOWN, sample_key, uniform
from kerasseg.labels import OUTSIDE, VOID

# Of a piece, uniform and log-uniform where it is a factor:
_SIDE = (0.08, 0.5)  # longest diameter over the shorter side of the image
_ASPECT = (0.4, 1.0)  # shortest diameter over the longest
_ZOOM = (0.5, 2.0)  # size of what it shows, over its size where it was cut out
_CORNERS = (4, 8)
_ORDERS = tuple(map(list, permutations(range(3))))
_COLOUR = (0.5, 2.0)  # factor on each of red, green and blue, in any order
_SOFT = (0.0, 1.5)  # sigma of the edge, in pixels
# A column of draws for each, and for where it is taken from and put to.
_COLUMNS = (
    "top", "left", "row", "column", "side", "aspect", "zoom", "turn", "outline",
    "corners", "soft", "red", "green", "blue", "order", *(f"corner{i}" for i in range(_CORNERS[1])),
)  # fmt: skip
_Drawn = TypeVar("_Drawn", float, tf.Tensor)
_FINER = 4  # the outline is drawn on so many pixels a pixel, each way


@dataclass(frozen=True)
class Paster:
    """Pastes 0 to `most` pieces into an image, as many of each number.

    All of an image come from one other, so that no more than one has to be decoded for it. samples:
    how many training images there are; an image lends no pieces to itself, unless it is the only
    one. seed: of the run.
    """

    most: int
    samples: int
    seed: int

    def __call__(
        self,
        image: tf.Tensor,
        label: tf.Tensor,
        *,
        epoch: tf.Tensor,
        index: tf.Tensor,
        lend: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """A function of (seed, epoch, index) and the pixels alone.

        image: uint8 (H, W, 3). label: uint8 (H, W) trainIds. epoch, index: int32 scalars.
        lend: index of a sample to its uint8 pixels (h, w, 3), and to the native pixels that a pixel
        of its view has along each axis, float64 (2,). Not called where nothing is pasted.
        """
        key = sample_key(seed=self.seed, epoch=epoch, index=index, purpose=UNKNOWN)
        drawn = uniform([2 + self.most * len(_COLUMNS)], seed=key)
        count = tf.cast(drawn[0] * (self.most + 1), tf.int32)
        partner = self._partner(drawn[1], index)
        pieces = tf.reshape(drawn[2:], [self.most, len(_COLUMNS)])

        def paste_all() -> tuple[tf.Tensor, tf.Tensor]:
            return _paste_all(image, label, pieces[:count], *lend(partner))

        return tf.cond(count > 0, paste_all, lambda: (image, label))

    def _partner(self, draw: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        others = max(1, self.samples - 1)
        partner = tf.minimum(tf.cast(draw * others, tf.int32), others - 1)
        return (partner + tf.cast(partner >= index, tf.int32)) % self.samples


def _paste_all(
    image: tf.Tensor, label: tf.Tensor, pieces: tf.Tensor, lent: tf.Tensor, native: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """pieces: float32 (K, columns), their draws. lent, native: see `Paster`."""
    height, width = image.shape[:2]

    def paste(k: tf.Tensor, image: tf.Tensor, label: tf.Tensor) -> tuple:
        draws = pieces[k]
        of = dict(zip(_COLUMNS, tf.unstack(draws), strict=True))
        side = _side(of["side"], min(height, width))
        top, left, rows, columns = tf.unstack(_box(of, side, tf.shape(lent)[:2], native))
        source = lent[top : top + rows, left : left + columns]
        image, label = tf.numpy_function(
            paste_piece, [image, label, source, draws, side], [tf.uint8, tf.uint8], stateful=False
        )
        image = tf.ensure_shape(image, [height, width, 3])
        return k + 1, image, tf.ensure_shape(label, [height, width])

    state = (tf.constant(0), image, label)
    _, image, label = tf.while_loop(lambda k, *_: k < tf.shape(pieces)[0], paste, state)
    return image, label


def _factor(draw: _Drawn, bounds: tuple[float, float]) -> _Drawn:
    low, high = bounds
    return low * (high / low) ** draw


def _side(draw: tf.Tensor, shorter: int) -> tf.Tensor:
    return tf.maximum(tf.cast(tf.round(_factor(draw, _SIDE) * shorter), tf.int32), 2)


def _box(
    of: dict[str, tf.Tensor], side: tf.Tensor, size: tf.Tensor, native: tf.Tensor
) -> tf.Tensor:
    """int32 (4,): top, left, height and width of as much of the other image, of int32 (2,) `size`,
    as the piece shows, anywhere in it."""
    shown = tf.cast(side, tf.float64) / tf.cast(_factor(of["zoom"], _ZOOM), tf.float64)
    sides = tf.clip_by_value(tf.cast(tf.round(shown * native), tf.int32), 1, size)
    places = tf.cast(tf.stack([of["top"], of["left"]]), tf.float64)
    corner = tf.cast(places * tf.cast(size - sides + 1, tf.float64), tf.int32)
    return tf.concat([corner, sides], axis=0)


def paste_piece(
    image: np.ndarray, label: np.ndarray, source: np.ndarray, draws: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """One piece of `source`, uint8 (h, w, 3), into copies of image and label; its longest diameter
    is `side` pixels, of which the frame of the image may cut some off.

    Where it covers half of a pixel or more, the label is void; outside the image it stays so.
    """
    of = dict(zip(_COLUMNS, draws.tolist(), strict=True))
    side = int(side)
    alpha = _outline(of, side)
    margin = (len(alpha) - side) // 2  # for the soft edge
    pixels = Image.fromarray(source).resize((side, side), Image.Resampling.BILINEAR)
    pixels = pixels.rotate(360 * of["turn"], Image.Resampling.BILINEAR)
    colour = np.array([_factor(of[name], _COLOUR) for name in ("red", "green", "blue")])
    channels = _ORDERS[int(of["order"] * len(_ORDERS))]
    texture = np.minimum(np.asarray(pixels, np.float64)[..., channels] * colour, 255.0)
    texture = np.pad(texture, ((margin, margin), (margin, margin), (0, 0)), mode="edge")

    top = int(of["row"] * image.shape[0]) - len(alpha) // 2
    left = int(of["column"] * image.shape[1]) - len(alpha) // 2
    bottom, right = (
        min(start + len(alpha), limit)
        for start, limit in zip((top, left), label.shape, strict=True)
    )
    there = (slice(max(top, 0), bottom), slice(max(left, 0), right))
    here = tuple(slice(s.start - o, s.stop - o) for s, o in zip(there, (top, left), strict=True))
    image, label = image.copy(), label.copy()
    share = alpha[here][..., None]
    image[there] = np.round(share * texture[here] + (1 - share) * image[there]).astype(np.uint8)
    covered = (alpha[here] >= 0.5) & (label[there] != OUTSIDE)
    label[there] = np.where(covered, VOID, label[there])
    return image, label


def _outline(of: dict[str, float], side: int) -> np.ndarray:
    """float64 in 0…1: which share of each pixel a convex polygon covers, softened at its edge.

    Its corners lie on an ellipse, one in each of as many equal sectors, so it is convex and never
    thin.
    """
    corners = _CORNERS[0] + int(of["corners"] * (_CORNERS[1] - _CORNERS[0] + 1))
    angles = np.array([of[f"corner{i}"] for i in range(corners)])
    angles = 2 * math.pi * (np.arange(corners) + 0.8 * angles) / corners
    along, across = np.cos(angles), np.sin(angles) * _factor(of["aspect"], _ASPECT)
    turn = 2 * math.pi * of["outline"]
    x = along * math.cos(turn) - across * math.sin(turn)
    y = along * math.sin(turn) + across * math.cos(turn)
    sigma = _SOFT[0] + of["soft"] * (_SOFT[1] - _SOFT[0])
    length = side + 2 * math.ceil(2 * _SOFT[1])
    fine = Image.new("L", (length * _FINER, length * _FINER))
    points = (np.stack([x, y], axis=1) * side / 2 + length / 2) * _FINER
    ImageDraw.Draw(fine).polygon([tuple(point) for point in points.tolist()], fill=255)
    mask = fine.reduce(_FINER).filter(ImageFilter.GaussianBlur(sigma))
    return np.asarray(mask, np.float64) / 255
