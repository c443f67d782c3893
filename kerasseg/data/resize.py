"""The one resize: bilinear, half-pixel centres, no antialias filter, rounded to gray levels.

Training (inside `tf.data`) and serving (inside the exported graph) call the same function, so
that the net sees the same numbers in both. A ratio under 1/2 would skip pixels; there whole
blocks are averaged first. At exactly 1/2 bilinear already is the mean of 2 x 2 pixels.
"""

import tensorflow as tf


def blocks_for(source: tf.Tensor | int, target: tf.Tensor | int):
    """Smallest whole block (pixels) whose average leaves a ratio of at least 1/2."""
    return (source + 2 * target - 1) // (2 * target)


def _average_blocks(images: tf.Tensor, rows, columns) -> tf.Tensor:
    """Mean over blocks of rows x columns pixels; the last block repeats the edge pixel."""
    shape = tf.shape(images)
    down = (shape[1] + rows - 1) // rows
    across = (shape[2] + columns - 1) // columns
    images = tf.gather(images, tf.minimum(tf.range(down * rows), shape[1] - 1), axis=1)
    images = tf.gather(images, tf.minimum(tf.range(across * columns), shape[2] - 1), axis=2)
    images = tf.reshape(images, [shape[0], down, rows, across, columns, shape[3]])
    return tf.reduce_mean(images, axis=(2, 4))


def resize_bilinear(values: tf.Tensor, size) -> tf.Tensor:
    """(B, H, W, C) float32 to (B, size[0], size[1], C), half-pixel centres, no antialias."""
    return tf.image.resize(values, size, method="bilinear", antialias=False)


def resize_image(images: tf.Tensor, size, *, blocks) -> tf.Tensor:
    """The one resize of images.

    images: (B, H, W, C) uint8. size: (height, width). blocks: (rows, columns) to average first,
    Python integers or scalars (`blocks_for`); Python ones leave no trace in the graph.
    Returns (B, height, width, C) float32 holding whole numbers in 0…255.
    """
    values = tf.cast(images, tf.float32)
    rows, columns = blocks
    if not (isinstance(rows, int) and isinstance(columns, int) and rows == columns == 1):
        values = _average_blocks(values, rows, columns)
    return tf.round(resize_bilinear(values, size))
