"""Adam through TensorFlow's fused kernel."""

import keras
import tensorflow as tf

from kerasseg.models.keras_internals import adam_moments


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, or AdamW if it has a weight decay, in one op a variable instead of a dozen.

    Each of those reads and writes arrays as large as the weights. Same variables, same formula
    (Kingma and Ba 2015, section 2, with the bias corrections in the rate).
    """

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        momentum, velocity = adam_moments(self, variable)
        step = tf.cast(self.iterations.value + 1, tf.float32)
        dtype = variable.dtype
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=momentum.value.handle,
            v=velocity.value.handle,
            beta1_power=tf.cast(tf.pow(tf.cast(self.beta_1, tf.float32), step), dtype),
            beta2_power=tf.cast(tf.pow(tf.cast(self.beta_2, tf.float32), step), dtype),
            lr=tf.cast(learning_rate, dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )
