"""Which pixels lie at an object's boundary, and what their cross entropy weighs.

Both modes answer like `skimage.segmentation.find_boundaries`, with its default background 0
(here trainId 0: `outer` treats it as ground between objects, as the reference does).
"""

import tensorflow as tf

from kerasseg.labels import OUTSIDE


def _window(values: tf.Tensor, pick, *, rows: bool, columns: bool) -> tf.Tensor:
    """pick (maximum or minimum) over 3 pixels along the asked axes, the edge repeated."""
    for axis, wanted in ((1, rows), (2, columns)):
        if not wanted:
            continue
        size = values.shape[axis]
        size = tf.shape(values)[axis] if size is None else size
        before, after = _shifted(values, axis, size)
        values = pick(pick(before, values), after)
    return values


def _shifted(values: tf.Tensor, axis: int, size) -> tuple[tf.Tensor, tf.Tensor]:
    """values moved by one pixel both ways along an axis, the edge pixel repeated."""
    if axis == 1:
        before = tf.concat([values[:, :1], values[:, : size - 1]], axis=1)
        after = tf.concat([values[:, 1:], values[:, size - 1 :]], axis=1)
    else:
        before = tf.concat([values[:, :, :1], values[:, :, : size - 1]], axis=2)
        after = tf.concat([values[:, :, 1:], values[:, :, size - 1 :]], axis=2)
    return before, after


def find_boundaries(label: tf.Tensor, *, mode: str, width: int = 1) -> tf.Tensor:
    """Boundary pixels of a label map.

    label: uint8 (B, H, W) trainIds, 255 = void (an object like any other here), 253 = outside the
    image: at no boundary, and no reason for one, just as what lies beyond the array.
    mode: "thick" (a pixel with another label among its 4 neighbours) or "outer" (of those, the
    pixels of label 0 and the ones where two objects meet). width: in pixels; above 1 the result
    is dilated by a square of 2 * width - 1 pixels. Returns bool (B, H, W).
    """
    outside = label == OUTSIDE
    least, most = tf.constant(0, tf.uint8), tf.constant(255, tf.uint8)
    low = tf.where(outside, least, label)  # for a maximum: outside is never the largest
    high = tf.where(outside, most, label)
    highest = tf.maximum(
        _window(low, tf.maximum, rows=True, columns=False),
        _window(low, tf.maximum, rows=False, columns=True),
    )
    lowest = tf.minimum(
        _window(high, tf.minimum, rows=True, columns=False),
        _window(high, tf.minimum, rows=False, columns=True),
    )
    boundary = (highest != lowest) & ~outside
    if mode == "outer":
        ground = label == 0
        highest = _window(low, tf.maximum, rows=True, columns=True)
        objects = tf.where(ground, most, high)
        lowest = _window(objects, tf.minimum, rows=True, columns=True)
        boundary &= ground | (highest != lowest)
    elif mode != "thick":
        raise AssertionError(f"unknown mode {mode}")
    grown = tf.cast(boundary, tf.uint8)
    for _ in range(width - 1):
        grown = _window(grown, tf.maximum, rows=True, columns=True)
    return tf.cast(grown, tf.bool)


def boundary_weight(label: tf.Tensor, *, k: float, mode: str, width: int) -> tf.Tensor:
    """float32 (B, H, W): k at a boundary, 1 elsewhere (see `find_boundaries`)."""
    boundary = find_boundaries(label, mode=mode, width=width)
    return tf.where(boundary, tf.constant(k, tf.float32), tf.constant(1.0, tf.float32))
