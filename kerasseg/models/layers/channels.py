"""The order of the channels of an image."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kerasseg")
class ReverseChannels(keras.layers.Layer):
    """RGB to BGR, (B, H, W, 3)."""

    def call(self, image):
        return tf.gather(image, [2, 1, 0], axis=-1)

    def compute_output_shape(self, shape):
        return shape
