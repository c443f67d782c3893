"""Settings to a Keras optimizer with its schedule."""

import math
from collections.abc import Sequence

import keras
import tensorflow as tf

from kerasseg.config import OptimizerConfig
from kerasseg.models.keras_internals import RatesByVariable, TakesSummedGradients
from kerasseg.training.fused_adam import FusedAdam


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate by step: a linear warm-up, then constant, polynomial or cosine decay to 0.

    rate: peak. warmup: share of `total_steps`. power: exponent of the polynomial. `total_steps`
    is a variable: a budget is known only after some steps have been timed.
    """

    def __init__(self, *, rate: float, kind: str, warmup: float, power: float, total_steps: int):
        self.rate = rate
        self.kind = kind
        self.warmup = warmup
        self.power = power
        self.total_steps = tf.Variable(total_steps, trainable=False, dtype=tf.float32)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        warmup_steps = tf.round(self.warmup * self.total_steps)
        rest = tf.maximum(1.0, self.total_steps - warmup_steps)
        left = 1.0 - tf.clip_by_value((step - warmup_steps) / rest, 0.0, 1.0)
        if self.kind == "polynomial":
            factor = left**self.power
        elif self.kind == "cosine":
            factor = 0.5 - 0.5 * tf.cos(math.pi * left)
        else:
            factor = tf.ones_like(left)
        if self.warmup:
            factor *= tf.minimum((step + 1.0) / tf.maximum(warmup_steps, 1.0), 1.0)
        return self.rate * factor

    def started(self, step: tf.Tensor, *, after: float) -> tf.Tensor:
        """1.0 once the share `after` of all steps is done, or the last one is left; 0.0 before."""
        first = tf.minimum(tf.round(after * self.total_steps), self.total_steps - 1.0)
        return tf.cast(tf.cast(step, tf.float32) >= first, tf.float32)

    def get_config(self) -> dict:
        raise NotImplementedError("a run is continued from its own state, not from a saved model")


class SGD(RatesByVariable, TakesSummedGradients, keras.optimizers.SGD):
    """Keras' own, but for the sum, which `Segmenter.train_step` makes."""


class Adam(RatesByVariable, TakesSummedGradients, FusedAdam):
    """Adam, or AdamW if it has a weight decay, but for the sum."""


def build_schedule(config: OptimizerConfig, *, total_steps: int) -> Schedule:
    """The learning rate of the settings, for a run of `total_steps`."""
    return Schedule(
        rate=config.learning_rate,
        kind=config.schedule,
        warmup=config.warmup,
        power=config.power,
        total_steps=total_steps,
    )


def build_optimizer(
    config: OptimizerConfig, schedule: Schedule, *, encoder: Sequence[keras.Variable] = ()
) -> keras.optimizers.Optimizer:
    """The optimizer of the settings, following `schedule`.

    encoder: the variables that move at `encoder_rate` times the rate, decay included, and not at
    all in the first `encoder_frozen` of all steps. Meanwhile Adam keeps their moments; the momentum
    of SGD, which sums steps and not gradients, stays 0; and what is no gradient's to move, the
    statistics of BatchNorm, moves unless `model.encoder_batch_norm` is `frozen`.
    """
    shared = {
        "learning_rate": schedule,
        "global_clipnorm": config.clip_norm,
        "weight_decay": config.weight_decay or None,
    }
    if config.name == "sgd":
        optimizer = SGD(momentum=config.momentum, **shared)
    elif config.name == "adam":
        optimizer = Adam(name="adam", **shared)
    else:
        optimizer = Adam(name="adamw", **{**shared, "weight_decay": config.weight_decay})
    # Decay is for kernels: a bias or a BatchNorm scale has no reason to be small.
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if encoder and (config.encoder_rate != 1 or config.encoder_frozen):
        optimizer.follow(
            encoder,
            lambda step: config.encoder_rate * schedule.started(step, after=config.encoder_frozen),
        )
    return optimizer
