"""Square roots in whole numbers, the same in TensorFlow and in ONNX Runtime."""

import tensorflow as tf


def integer_root(values: tf.Tensor) -> tf.Tensor:
    """The largest whole number whose square is no more than each value.

    values: int64 >= 0, below 2**52. Returns int64 of the same shape.
    """
    root = tf.cast(tf.sqrt(tf.cast(values, tf.float64)), tf.int64)
    # Whatever the last bit of the square root is: one too many, or one too few.
    root -= tf.cast(root * root > values, tf.int64)
    return root + tf.cast((root + 1) * (root + 1) <= values, tf.int64)
