"""BatchNorm through TensorFlow's fused kernel, also over several replicas."""

import keras
import tensorflow as tf

from kerasseg.models.keras_internals import compiled_by_xla
from kerasseg.models.layers.batch_part import current_part

_MEAN = tf.distribute.ReduceOp.MEAN


@keras.saving.register_keras_serializable("kerasseg")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras' BatchNormalization of (B, H, W, C) over C, in one op instead of eight.

    Keras 3 writes the formula out, and every op of it reads and writes the whole feature map.
    The moving variance follows the unbiased batch variance, as in PyTorch. With several replicas
    and `synchronized`, the batch is that of all of them; otherwise each normalises its own part
    by itself, and the moving statistics follow the mean over the replicas. Of a batch that comes
    in parts each is normalised by itself, and the moving statistics follow their mean, once.
    """

    def call(self, inputs, training=None):
        # Only a layer that is trained may use, and change, the statistics of the batch.
        training = bool(training) and self.trainable
        gamma, beta = tf.cast(self.gamma, tf.float32), tf.cast(self.beta, tf.float32)
        if training and _replicas() > 1 and self.synchronized:
            outputs, mean, variance = synchronized_batch_norm(
                inputs, gamma, beta, epsilon=self.epsilon
            )
        elif training:
            outputs, mean, variance = batch_norm(inputs, gamma, beta, epsilon=self.epsilon)
            if _replicas() > 1:
                mean, variance = _mean_over_replicas([mean, variance])
        else:
            outputs = tf.raw_ops.FusedBatchNormV3(
                x=inputs,
                scale=gamma,
                offset=beta,
                mean=tf.cast(self.moving_mean, tf.float32),
                variance=tf.cast(self.moving_variance, tf.float32),
                epsilon=self.epsilon,
                is_training=False,
            ).y
        if training:
            part, keep = current_part(), self.momentum
            if part.parts > 1:
                keep = tf.where(part.is_first, self.momentum, 1.0)
            share = (1.0 - self.momentum) / part.parts
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * keep + batch * share)
        return outputs


def batch_norm(x, gamma, beta, *, epsilon: float):
    """BatchNorm over the batch of this replica. As `synchronized_batch_norm`."""
    shift = None
    if compiled_by_xla():
        # XLA's variance is the mean of squares less the square of the mean: noise where the mean
        # is a thousand deviations, and its root no number. The result does not change with a shift.
        shift = tf.reduce_mean(tf.cast(x, tf.float32), axis=[0, 1, 2])
        shift = tf.stop_gradient(tf.cast(shift, x.dtype))
        x -= shift
    empty = tf.zeros([0], tf.float32)
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=gamma, offset=beta, mean=empty, variance=empty, epsilon=epsilon, is_training=True
    )
    return outputs, mean if shift is None else mean + tf.cast(shift, tf.float32), variance


def synchronized_batch_norm(x, gamma, beta, *, epsilon: float):
    """BatchNorm over the batches of all replicas, which are of one size; called by each of them.

    x: (B, H, W, C), any float. gamma, beta: (C,) float32.
    Returns (y like x, mean (C,) float32, unbiased variance (C,) float32); no gradient flows
    through the last two. Formulas: Ioffe and Szegedy 2015, arXiv:1502.03167, where the means of
    the gradient, too, are taken over all replicas.
    """
    # Statistics first, then the fused op as if for inference: one pass over the feature map.
    mean, variance = tf.nn.moments(tf.cast(x, tf.float32), axes=[0, 1, 2])
    means, variances = _of_every_replica([mean, variance])
    # Chan, Golub and LeVeque 1979. A mean of squares less a squared mean would be noise where the
    # mean is far from 0.
    mean = tf.reduce_mean(means, axis=0)
    variance = tf.reduce_mean(variances + tf.square(means - mean), axis=0)
    mean, variance = tf.stop_gradient(mean), tf.stop_gradient(variance)
    inverse = tf.math.rsqrt(variance + epsilon)

    @tf.custom_gradient
    def normalize(x, gamma, beta):
        forward = tf.raw_ops.FusedBatchNormV3(
            x=x,
            scale=gamma,
            offset=beta,
            mean=mean,
            variance=variance,
            epsilon=epsilon,
            is_training=False,
        )

        def gradient(dy):
            backward = tf.raw_ops.FusedBatchNormGradV3(
                y_backprop=dy,
                x=x,
                scale=gamma,
                reserve_space_1=mean,
                reserve_space_2=variance,
                reserve_space_3=forward.reserve_space_3,
                epsilon=epsilon,
                is_training=False,
            )
            # The fused op takes the statistics for constants. They are not: what is missing of
            # dx is -gamma / deviation * (mean of dy + normalised x * mean of dy * normalised x).
            count = tf.cast(tf.size(x) / tf.size(gamma), tf.float32)
            dgamma, dbeta = backward.scale_backprop, backward.offset_backprop
            by_gamma, by_beta = _mean_over_replicas([dgamma / count, dbeta / count])
            slope = gamma * tf.square(inverse) * by_gamma
            level = gamma * inverse * by_beta - slope * mean
            missing = tf.cast(x, tf.float32) * slope + level
            return backward.x_backprop - tf.cast(missing, x.dtype), dgamma, dbeta

        return forward.y, gradient

    count = tf.cast(tf.size(x) / tf.size(gamma), tf.float32) * _replicas()
    return normalize(x, gamma, beta), mean, variance * count / tf.maximum(count - 1.0, 1.0)


def _replicas() -> int:
    """How many replicas take part in this call; 1 outside of a strategy."""
    if tf.distribute.in_cross_replica_context():
        return 1
    return tf.distribute.get_strategy().num_replicas_in_sync


def _mean_over_replicas(values: list[tf.Tensor]) -> list[tf.Tensor]:
    return tf.distribute.get_replica_context().all_reduce(_MEAN, values)


def _of_every_replica(values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Each (C,) float32 tensor as (replicas, C): what every replica has for it, in their order."""
    context = tf.distribute.get_replica_context()
    # Added up, with zeros in the places of the others: one message for all.
    place = tf.one_hot(context.replica_id_in_sync_group, _replicas())
    parts = place[None, :, None] * tf.stack(values)[:, None]
    return tf.unstack(context.all_reduce(tf.distribute.ReduceOp.SUM, parts))
