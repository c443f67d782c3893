"""BatchNorm through TensorFlow's fused kernel."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kerasseg")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' BatchNormalization of (B, H, W, C) over C, in one op instead of eight.

    Keras 3 writes the formula out, and every op of it reads and writes the whole feature map.
    The moving variance follows the unbiased batch variance, as in PyTorch.
    """

    def call(self, inputs, training=None):
        # Only a layer that is trained may use, and change, the statistics of the batch.
        training = bool(training) and self.trainable
        empty = tf.zeros([0], tf.float32)
        outputs = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.cast(self.gamma, tf.float32),
            offset=tf.cast(self.beta, tf.float32),
            mean=empty if training else tf.cast(self.moving_mean, tf.float32),
            variance=empty if training else tf.cast(self.moving_variance, tf.float32),
            epsilon=self.epsilon,
            is_training=training,
        )
        if training:
            for moving, batch in (
                (self.moving_mean, outputs.batch_mean),
                (self.moving_variance, outputs.batch_variance),
            ):
                moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return outputs.y
