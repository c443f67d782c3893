"""Padding by mirrored index: works for any size, down to one pixel, in TensorFlow and in ONNX.

TensorFlow's own reflect pad fails where the pad is as long as the side.
"""

import keras
import tensorflow as tf


def mirrored_indices(size, *, after) -> tf.Tensor:
    """Indices of a side of `size` pixels and of `after` more, mirrored without the edge.

    size and after may be tensors. Returns int32 (size + after,); of one pixel, all 0.
    """
    period = tf.maximum(2 * size - 2, 1)
    place = tf.range(size + after) % period
    return tf.minimum(place, tf.abs(period - place))


def _mirror(values: tf.Tensor, axis: int, *, after) -> tf.Tensor:
    size = values.shape[axis]
    size = tf.shape(values)[axis] if size is None else size
    return tf.gather(values, mirrored_indices(size, after=after), axis=axis)


@keras.saving.register_keras_serializable("kerasseg")
class PadToMultiple(keras.layers.Layer):
    """(B, H, W, C) to the next multiple of `multiple` at the bottom and right, mirrored.

    least: a side has at least so many pixels afterwards; a multiple of `multiple`, or 0.
    """

    def __init__(self, multiple: int, *, least: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.multiple = multiple
        self.least = least

    def call(self, images):
        for axis in (1, 2):
            size = images.shape[axis]
            if size is None:
                size = tf.shape(images)[axis]
            extra = self.padded(size) - size
            if not (isinstance(extra, int) and extra == 0):
                images = _mirror(images, axis, after=extra)
        return images

    def padded(self, size):
        """What a side of `size` pixels, a number or a tensor, is padded to."""
        # Not size + (-size) % multiple: ONNX Runtime answers another number there.
        padded = (size + self.multiple - 1) // self.multiple * self.multiple
        if not self.least:
            return padded
        pick = max if isinstance(size, int) else tf.maximum
        return pick(padded, self.least)

    def compute_output_shape(self, shape):
        up = [None if size is None else self.padded(size) for size in shape[1:3]]
        return (shape[0], *up, shape[3])

    def get_config(self):
        return {**super().get_config(), "multiple": self.multiple, "least": self.least}


@keras.saving.register_keras_serializable("kerasseg")
class CropLike(keras.layers.Layer):
    """[values (B, H', W', C), reference (B, H, W, …)] to values[:, :H, :W]."""

    def call(self, inputs):
        values, reference = inputs
        if values.shape[1:3] == reference.shape[1:3] and values.shape[1:3].is_fully_defined():
            return values
        size = tf.shape(reference)
        height = reference.shape[1] or size[1]
        width = reference.shape[2] or size[2]
        return values[:, :height, :width]

    def compute_output_shape(self, shapes):
        values, reference = shapes
        return (values[0], reference[1], reference[2], values[3])


@keras.saving.register_keras_serializable("kerasseg")
class ReflectPad(keras.layers.Layer):
    """One mirrored pixel around (B, H, W, C), for a 3x3 convolution without zeros at the edge.

    H and W are at least 2: TensorFlow's op, which ONNX has, too, fails for one pixel. copies: two
    concatenations instead of the op, which are faster forward and slower in training.
    """

    def __init__(self, *, copies: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.copies = copies

    def call(self, images):
        if not self.copies:
            return tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="REFLECT")
        wide = tf.concat([images[:, :, 1:2], images, images[:, :, -2:-1]], axis=2)
        return tf.concat([wide[:, 1:2], wide, wide[:, -2:-1]], axis=1)

    def get_config(self):
        return {**super().get_config(), "copies": self.copies}

    def compute_output_shape(self, shape):
        def up(size):
            return None if size is None else size + 2

        return (shape[0], up(shape[1]), up(shape[2]), shape[3])
