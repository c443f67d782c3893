"""The trainable model: augmentation, forward pass, objective and update in one step."""

from functools import partial

import keras
import tensorflow as tf

from kerasseg.config import AugmentConfig, LossConfig, ModelConfig
from kerasseg.data.augment import augment, augmentation_draws
from kerasseg.labels import OUTSIDE, VOID
from kerasseg.losses.objective import Objective
from kerasseg.losses.term import NetOutputs, train_ids
from kerasseg.models.auxiliary_head import has_auxiliary, with_auxiliary, without_auxiliary
from kerasseg.models.heads import dropout_rate_of, features_and_logits, head_of, with_branches
from kerasseg.models.paired_weights import paired_weights
from kerasseg.training.accumulation import sum_over_parts
from kerasseg.training.replicas import sum_over_replicas


class Segmenter(keras.Model):
    """A net with its objective, to `compile` and `fit` on batches of images and labels.

    Args:
        net: What `kerasseg.models.unet` returns, or a net with Dropout branches (`build_net`).
        objective: A `kerasseg.Objective`. `None`: that of the default settings, with void
            pixels left out.
        augmentation: An `AugmentConfig`, applied to batches that are keyed (see `train_step`).
            `None`: no augmentation.
        averaged: A float32 net of the same layers that holds the weights to score, or `None`. It
            needs no auxiliary head.
        average_decay: Decay of the exponentially averaged weights in `averaged`, or `None`.
        seed: Seed of augmentation and, where `net` comes without, of the Dropout of its branches
            and of the weights of its auxiliary head.
        accumulate: In how many parts the images of a batch are worked through, one after the
            other, to need less memory. The update is that of the undivided batch, but for
            BatchNorm, which normalises each part by itself.
        auxiliary_stride: Stride of the encoder's feature map, 8 or 16, behind which `net` gets an
            auxiliary head if the objective takes its logits and it comes without. `None`: the
            default.
        precision: Name of a Keras dtype policy. `None`: the global one.

    Example:

    >>> import kerasseg, keras, numpy as np
    >>> net = kerasseg.models.unet(classes=3, width=4, depth=2)
    >>> segmenter = kerasseg.Segmenter(net)
    >>> segmenter.compile(optimizer=keras.optimizers.Adam(1e-3))
    >>> images = np.zeros((2, 32, 48, 3), np.uint8)
    >>> labels = np.zeros((2, 32, 48), np.uint8)
    >>> history = segmenter.fit(images, labels, batch_size=2, verbose=0)
    >>> sorted(history.history)
    ['cross_entropy', 'loss', 'variance']
    >>> segmenter.predict(images, verbose=0).shape
    (2, 32, 48, 3)
    """

    def __init__(
        self,
        net: keras.Model,
        *,
        objective: Objective | None = None,
        augmentation: AugmentConfig | None = None,
        averaged: keras.Model | None = None,
        average_decay: float | None = None,
        seed: int = 0,
        accumulate: int = 1,
        auxiliary_stride: int | None = None,
        precision: str | None = None,
    ):
        super().__init__(dtype=precision)
        objective = objective or Objective.from_config(LossConfig(), background_id=None)
        given = {} if auxiliary_stride is None else {"auxiliary_stride": auxiliary_stride}
        model = ModelConfig(**given)
        if len(net.outputs) == 1:
            net = with_branches(
                net, branches=model.branches, dropout_rate=model.dropout_rate, seed=seed
            )
        if objective.needs_auxiliary and not has_auxiliary(net):
            net = with_auxiliary(net, model, seed=seed)
        elif has_auxiliary(net) and not objective.needs_auxiliary:
            net = without_auxiliary(net)
        self.net = net
        self.averaged = averaged
        self.objective = objective
        auxiliary = objective.needs_auxiliary
        self._direct = features_and_logits(net, auxiliary=auxiliary)
        self._with_branches = features_and_logits(net, branches=True, auxiliary=auxiliary)
        self._augmentation = augmentation
        self._average_decay = average_decay
        self._seed = seed
        self._accumulate = accumulate
        self.term_means = {name: keras.metrics.Mean(name=name) for name in self.objective.names}

    @property
    def metrics(self):
        # Keras' own mean of the loss is not kept: the loss is the objective of the terms' means.
        return [metric for metric in super().metrics if metric.name != "loss"]

    def call(self, image, training=None):
        """Image (B, H, W, 3) in 0…255 -> direct logits (B, H, W, outputs) float32."""
        return self._direct(image, training=training)[1]

    def forward(self, image, *, training: bool) -> NetOutputs:
        """What the terms of the objective may take. image: (B, H, W, 3) in 0…255."""
        drawn = training and self.objective.needs_branches
        net = self._with_branches if drawn else self._direct
        features, logits, *others = net(image, training=training)
        auxiliary_logits = others.pop() if self.objective.needs_auxiliary else None
        head = head_of(self.net)
        outputs = NetOutputs(
            logits=logits,
            features=features,
            head_kernel=head.kernel,
            dropout_rate=dropout_rate_of(self.net),
            branch_logits=tf.stack(others) if drawn else None,
            auxiliary_logits=auxiliary_logits,
        )
        if self.objective.labels.background_apart:
            return outputs.background_apart(head(tf.stop_gradient(features))[..., -1:])
        return outputs

    def train_step(self, batch) -> dict[str, tf.Tensor]:
        """One update on a batch.

        batch: (image, label), uint8 (B, H, W, 3) and trainIds (B, H, W) with 255 = void; or the
        dict of `TrainingInput`, whose key of each sample draws its augmentation.

        Under a strategy every replica calls it with its part of the batch: its loss is divided by
        their number, so that the summed gradients are those of the whole batch. They are summed
        before the optimizer clips them and before its loss scale looks for infinities, so that
        all replicas make the same update. So are those of the parts that `accumulate` asks for.
        Returns the running means, the same in all replicas.
        """
        image, label = self.view(batch)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        variables = self.net.trainable_variables
        if self._accumulate == 1:
            found = self._shares(image, label, of=replicas)
        else:
            scalar = tf.TensorSpec([], tf.float32)
            found = sum_over_parts(
                partial(self._shares, of=replicas * self._accumulate),
                (image, label),
                parts=self._accumulate,
                like=[*variables, *(scalar for _ in self.objective.names)],
            )
        if replicas > 1:
            found = sum_over_replicas(found)
        self.optimizer.apply(found[: len(variables)], variables)
        return self._results(dict(zip(self.objective.names, found[len(variables) :], strict=True)))

    def _shares(self, image, label, *, of: int) -> list[tf.Tensor]:
        """What some images add to the gradients, scaled like the loss, and to the terms of a batch
        of `of` times as many; the compiled metrics see them."""
        with tf.GradientTape() as tape:
            outputs = self.forward(image, training=True)
            terms = self.objective(label, outputs)
            scaled = self.optimizer.scale_loss(self.objective.total(terms) / of)
        # Zeros, and not None, can be summed.
        none = tf.UnconnectedGradients.NONE if of == 1 else tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(scaled, self.net.trainable_variables, unconnected_gradients=none)
        self._score(image, label, outputs)
        return [*gradients, *(value / of for value in terms.values())]

    def test_step(self, batch) -> dict[str, tf.Tensor]:
        """The objective and the compiled metrics of (image, label), without Dropout: the variance
        is that of the closed form."""
        image, label = _pair(batch)
        outputs = self.forward(image, training=False)
        self._score(image, label, outputs)
        return self._results(self.objective(label, outputs))

    def view(self, batch) -> tuple[tf.Tensor, tf.Tensor]:
        """What `train_step` makes of a batch: image float32 (B, H, W, 3) in 0…255 and label, after
        the augmentation if it is keyed."""
        if not isinstance(batch, dict):
            return _pair(batch)
        if self._augmentation is None:
            return tf.cast(batch["image"], tf.float32), batch["label"]
        draws = augmentation_draws(seed=self._seed, epoch=batch["epoch"], index=batch["index"])
        strengths = self._augmentation.model_dump()
        return augment(batch["image"], batch["label"], draws, strengths=strengths)

    def _score(self, image, label, outputs: NetOutputs) -> None:
        # What lies outside the image is no pixel to score, and metrics know void alone.
        scored = tf.where(label == OUTSIDE, tf.constant(VOID, tf.uint8), label)
        self.compute_metrics(image, scored, outputs.logits)

    def _results(self, terms) -> dict[str, tf.Tensor]:
        for name, mean in self.term_means.items():
            mean.update_state(terms[name])
        means = {name: mean.result() for name, mean in self.term_means.items()}
        return {**self.get_metrics_result(), "loss": self.objective.total(means), **means}

    def update_average(self) -> None:
        """Moves the averaged weights towards the current ones; nothing where there are none.

        The decay starts low, min(decay, (1 + t) / (10 + t)), so that the first weights fade.
        """
        if self._average_decay is None:
            return
        t = tf.cast(self.optimizer.iterations, tf.float32)
        decay = tf.minimum(self._average_decay, (1.0 + t) / (10.0 + t))
        for current, average in self._pairs(averaged=True):
            average.assign(average - (1.0 - decay) * (average - current))

    def scoring_net(self) -> keras.Model:
        """The float32 net to validate, save and serve: averaged weights, if they are kept, and no
        auxiliary head.

        Everything that is not averaged (moving statistics, or all weights) is copied into it.
        """
        for current, held in self._pairs(averaged=False):
            held.assign(current)
        return self.averaged

    def _pairs(self, *, averaged: bool) -> list[tuple[keras.Variable, keras.Variable]]:
        """(weight of the net, weight to score) of those that are averaged, or of the others."""
        held = [] if self._average_decay is None else self.averaged.trainable_variables
        moving = {id(variable) for variable in held}
        pairs = paired_weights(self.net, self.averaged)
        return [pair for pair in pairs if (id(pair[1]) in moving) == averaged]


def _pair(batch) -> tuple[tf.Tensor, tf.Tensor]:
    """(image float32 in 0…255, label uint8) of a batch of Keras. Raises ValueError for others."""
    image, label, weight = keras.utils.unpack_x_y_sample_weight(batch)
    if label is None or weight is not None:
        raise ValueError("batch: found no label, or a sample weight; expected (image, label)")
    return tf.cast(image, tf.float32), train_ids(label)
