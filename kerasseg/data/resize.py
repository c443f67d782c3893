"""The one resize: bilinear, half-pixel centres, no antialias filter, rounded to gray levels.

Training (inside `tf.data`) and serving (inside the exported graph) call the same function, so
that the net sees the same numbers in both. A ratio under 1/2 would skip pixels; there whole
blocks are averaged first. At exactly 1/2 bilinear already is the mean of 2 x 2 pixels.

Where a pixel is rounded to depends on its last bit, and two runtimes need not agree on that. So
the weights are whole 256ths: every product and sum is a whole number below 2**24, exact in
float32 whatever the order, and TensorFlow and ONNX Runtime round alike.
"""

import numpy as np
import tensorflow as tf


def blocks_for(source: tf.Tensor | int, target: tf.Tensor | int) -> tf.Tensor | int:
    """Smallest whole block (pixels) whose average leaves a ratio of at least 1/2."""
    return (source + 2 * target - 1) // (2 * target)


def _average_blocks(
    images: tf.Tensor, rows: tf.Tensor | int, columns: tf.Tensor | int
) -> tf.Tensor:
    """Mean over blocks of rows x columns pixels, to whole levels; the edge pixel is repeated."""
    shape = tf.shape(images, out_type=tf.int64)
    rows, columns = tf.cast(rows, tf.int64), tf.cast(columns, tf.int64)
    down = (shape[1] + rows - 1) // rows
    across = (shape[2] + columns - 1) // columns
    images = tf.gather(images, tf.minimum(tf.range(down * rows), shape[1] - 1), axis=1)
    images = tf.gather(images, tf.minimum(tf.range(across * columns), shape[2] - 1), axis=2)
    images = tf.reshape(images, [shape[0], down, rows, across, columns, shape[3]])
    # A sum and a division are each correctly rounded; a mean may multiply by a reciprocal.
    total = tf.reduce_sum(tf.cast(images, tf.float32), axis=(2, 4))
    return tf.round(total / tf.cast(rows * columns, tf.float32))


def _interpolate(values: tf.Tensor, size: tf.Tensor | int, *, axis: int) -> tf.Tensor:
    """Along one axis, times 256: whole numbers in, whole numbers out, float32.

    Half-pixel centres, the edge repeated. The places are 64-bit: twice the product of both sides.
    """
    source, size = tf.shape(values, out_type=tf.int64)[axis], tf.cast(size, tf.int64)
    place = (2 * tf.range(size) + 1) * source - size  # in units of 1 / (2 size) pixels
    place = tf.clip_by_value(place, 0, 2 * size * (source - 1))
    low = place // (2 * size)
    above = ((place - low * 2 * size) * 256 + size) // (2 * size)
    weight = tf.reshape(tf.cast(above, tf.float32), [-1] + [1] * (3 - axis))
    near = tf.cast(tf.gather(values, low, axis=axis), tf.float32)
    far = tf.cast(tf.gather(values, tf.minimum(low + 1, source - 1), axis=axis), tf.float32)
    return near * (256.0 - weight) + far * weight


def resize_bilinear(values: tf.Tensor, size: tf.Tensor | tuple[int, int]) -> tf.Tensor:
    """(B, H, W, C) float32 to (B, size[0], size[1], C), half-pixel centres, no antialias."""
    return tf.image.resize(values, size, method="bilinear", antialias=False)


def resize_image(
    images: tf.Tensor,
    size: tf.Tensor | tuple[int, int],
    *,
    blocks: tuple[tf.Tensor | int, tf.Tensor | int],
) -> tf.Tensor:
    """The one resize of images.

    images: (B, H, W, C) uint8, or float32 of the same values. size: (height, width). blocks: (rows,
    columns) to average first, Python integers or scalars (`blocks_for`); Python ones leave no trace
    in the graph, and a scalar one costs next to nothing.
    Returns (B, height, width, C) float32 holding whole numbers in 0…255.
    """
    rows, columns = blocks
    if not (isinstance(rows, int) and isinstance(columns, int)):
        images = tf.cond(
            tf.equal(rows * columns, 1),
            lambda: tf.cast(images, tf.float32),
            lambda: _average_blocks(images, rows, columns),
        )
    elif rows * columns > 1:
        images = _average_blocks(images, rows, columns)
    values = _interpolate(_interpolate(images, size[0], axis=1), size[1], axis=2)
    return tf.round(values / 65536.0)


def resize_crop(
    image: tf.Tensor, size: tf.Tensor | tuple[int, int], *, blocks: tf.Tensor | None = None
) -> tf.Tensor:
    """`resize_image` of one uint8 image (H, W, C) of any size: uint8 (height, width, C).

    blocks: (2,) rows and columns to average first; None: those of `blocks_for`.
    Where every weight is a whole 256th to begin with (1280 to 1024 pixels, one half, the size
    itself), TensorFlow's own bilinear op is exact, too, and gives the same in a fifth of the time.
    """
    source = tf.shape(image)[:2]
    if blocks is None:
        rows, columns = blocks_for(source[0], size[0]), blocks_for(source[1], size[1])
    else:
        rows, columns = tf.unstack(blocks)

    def fused() -> tf.Tensor:
        return tf.round(resize_bilinear(image[None], size))[0]

    def whole() -> tf.Tensor:
        return resize_image(image[None], size, blocks=(1, 1))[0]

    def averaged() -> tf.Tensor:
        return resize_image(image[None], size, blocks=(rows, columns))[0]

    # source / target has a power of two up to 128 below the line; then so have the places, twice.
    exact = tf.reduce_all(tf.equal(128 * source % size, 0))
    plain = tf.equal(rows * columns, 1)
    result = tf.cond(exact & plain, fused, lambda: tf.cond(plain, whole, averaged))
    return tf.cast(result, tf.uint8)


def resize_nearest(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) to `size` (height, width): the pixel that holds the centre, in whole numbers.

    In NumPy, which is five times as fast at it as TensorFlow's op.
    """
    rows, columns = (
        (2 * np.arange(target) + 1) * source // (2 * target)
        for source, target in zip(values.shape, size, strict=True)
    )
    return values[rows].take(columns, axis=1)
