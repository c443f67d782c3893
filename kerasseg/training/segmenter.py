"""The trainable model: augmentation, forward pass, both loss terms and the update in one step."""

import keras
import tensorflow as tf

from kerasseg.config import AugmentConfig
from kerasseg.data.augment import augment, augmentation_draws
from kerasseg.losses.objective import Objective
from kerasseg.models.dropout_moments import probability_variance
from kerasseg.models.heads import closed_form_variance, features_and_logits
from kerasseg.training.replicas import sum_over_replicas


class Segmenter(keras.Model):
    """A U-Net with its objective; `compile(optimizer=…)` it, then `fit` or call `train_step`.

    net: what `build_net` returns. average_decay: keep exponentially averaged weights in
    `averaged` (a float32 net of the same shape), or None. Tracks the means of both terms over the
    steps since `reset_metrics`.
    """

    def __init__(
        self,
        net: keras.Model,
        *,
        averaged: keras.Model,
        objective: Objective,
        augmentation: AugmentConfig,
        dropout_rate: float,
        average_decay: float | None,
        seed: int,
        precision: str,
    ):
        super().__init__(dtype=precision)
        self.net = net
        self.averaged = averaged
        self._direct = features_and_logits(net)
        self._objective = objective
        self._augmentation = augmentation
        self._dropout_rate = dropout_rate
        self._average_decay = average_decay
        self._seed = seed
        self._sampled = bool(objective.uncertainty_weight) and not objective.closed_form
        self._terms = {
            name: keras.metrics.Mean(name=name) for name in ("cross_entropy", "variance")
        }

    @property
    def metrics(self):
        return list(self._terms.values())

    def call(self, image, training=None):
        """Image (B, H, W, 3) in 0…255 -> direct logits (B, H, W, outputs) float32."""
        return self._direct(image, training=training)[1]

    def _forward(self, image):
        """(direct logits, branch logits, callable for the closed-form variance)."""
        if self._sampled:
            direct, *branches = self.net(image, training=True)
            return direct, branches, None
        features, direct = self._direct(image, training=True)
        kernel = self.net.get_layer("head").kernel

        def variance():
            rate = {"dropout_rate": self._dropout_rate}
            if self._objective.of_probabilities:
                total = probability_variance(features, direct, kernel, **rate)
                return total / direct.shape[-1]
            return closed_form_variance(features, kernel, **rate)

        return direct, [], variance

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """One update on a batch of `TrainingInput`.

        Under a strategy every replica calls it with its part of the batch: its loss is divided by
        their number, so that the summed gradients are those of the whole batch. They are summed
        before the optimizer clips them and before its loss scale looks for infinities, so that
        all replicas make the same update. Returns the running means, the same in all of them.
        """
        draws = augmentation_draws(seed=self._seed, epoch=batch["epoch"], index=batch["index"])
        image, label = augment(
            batch["image"],
            batch["label"],
            draws,
            flip=self._augmentation.flip,
            brightness=self._augmentation.brightness,
            contrast=self._augmentation.contrast,
            saturation=self._augmentation.saturation,
        )
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        with tf.GradientTape() as tape:
            direct, branches, variance = self._forward(image)
            cross_entropy, variance = self._objective.terms(
                label, direct, branch_logits=branches, variance=variance
            )
            loss = self.total(cross_entropy=cross_entropy, variance=variance)
            scaled = self.optimizer.scale_loss(loss / replicas)
        variables = self.net.trainable_variables
        gradients = tape.gradient(scaled, variables)
        if replicas > 1:
            parts = [*gradients, cross_entropy / replicas, variance / replicas]
            *gradients, cross_entropy, variance = sum_over_replicas(parts)
        self.optimizer.apply(gradients, variables)
        self._terms["cross_entropy"].update_state(cross_entropy)
        self._terms["variance"].update_state(variance)
        means = {name: metric.result() for name, metric in self._terms.items()}
        return {"loss": self.total(**means), **means}

    def total(self, *, cross_entropy, variance):
        """The objective of two terms, or of their means."""
        return cross_entropy + self._objective.uncertainty_weight * variance

    def update_average(self) -> None:
        """Moves the averaged weights towards the current ones; nothing where there are none.

        The decay starts low, min(decay, (1 + t) / (10 + t)), so that the first weights fade.
        """
        if self._average_decay is None:
            return
        t = tf.cast(self.optimizer.iterations, tf.float32)
        decay = tf.minimum(self._average_decay, (1.0 + t) / (10.0 + t))
        pairs = zip(self.averaged.trainable_variables, self.net.trainable_variables, strict=True)
        for average, current in pairs:
            average.assign(average - (1.0 - decay) * (average - current))

    def scoring_net(self) -> keras.Model:
        """The float32 net to validate, save and serve: averaged weights, if they are kept.

        Everything that is not averaged (moving statistics, or all weights) is copied into it.
        """
        source, target = self.net, self.averaged
        if self._average_decay is None:
            pairs = zip(source.weights, target.weights, strict=True)
        else:
            pairs = zip(source.non_trainable_weights, target.non_trainable_weights, strict=True)
        for current, held in pairs:
            held.assign(current)
        return target
