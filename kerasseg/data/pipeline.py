"""Image files to batches, a pure function of the step: `Dataset.range(step, …)`, no other state."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kerasseg.data.balanced_order import draw_order
from kerasseg.data.catalog import Catalog
from kerasseg.data.curriculum import Plan
from kerasseg.data.integer_root import integer_root
from kerasseg.data.paste import Paster
from kerasseg.data.pixels import Decoder, decode_image
from kerasseg.data.random_keys import ALG, CROP, JPEG, SCALE, sample_key, uniform
from kerasseg.data.resize import blocks_for, resize_crop, resize_nearest
from kerasseg.data.working_scale import WorkingScale
from kerasseg.labels import OUTSIDE, VOID

# Logits at native size are what a validation batch costs: 64 Mi values are 256 MiB.
_VALIDATION_VALUES = 64 * 2**20
# All control flow is written as ops: AutoGraph would find nothing to convert, and take seconds.
_unconverted = tf.autograph.experimental.do_not_convert


@dataclass(frozen=True)
class TrainingInput:
    """Makes the training batches from any step on.

    decoder: sample index -> (image, label). samples: how many there are. plan: see curriculum.
    scale: of the images; its working size is that of the batch. batch_size: images a step.
    view_scale, jpeg: (low, high) of `augment.scale` and `augment.jpeg`, or None. unknown: that of
    `augment.unknown`. leaves_void_out: void becomes OUTSIDE before it is pasted, so that nothing
    but pasted pieces is void.
    views: how often an epoch shows each image (`expected_views`); None: once.
    """

    decoder: Decoder
    samples: int
    plan: Plan
    scale: WorkingScale
    batch_size: int
    seed: int
    workers: int | None
    view_scale: tuple[float, float] | None = None
    jpeg: tuple[int, int] | None = None
    unknown: int = 0
    leaves_void_out: bool = False
    views: np.ndarray | None = None

    def from_step(self, step: int) -> tf.data.Dataset:
        """Batches of steps `step` … the end of the plan.

        Each is a dict: image uint8 (B, H, W, 3), label uint8 (B, H, W) trainIds with 255 = void and
        253 = outside the image, epoch int32 (B,), index int32 (B,).
        """
        return self._batches(step, self._slots, self.batch_size).prefetch(tf.data.AUTOTUNE)

    def parts_from_step(
        self, step: int, *, worker: int, workers: int, replicas: int
    ) -> tf.data.Dataset:
        """The same batches cut into `replicas` equal parts, those of one worker, one by one.

        worker: which of `workers`, each of which has as many replicas and reads its own samples
        alone. Replicas take consecutive parts: part r of a step is for the replica number r.
        Starts again after the last step, because a strategy asks all workers before each batch of
        an input that can end.
        """
        own = self.batch_size // workers

        def slots(step: tf.Tensor) -> dict[str, tf.Tensor]:
            first = worker * own
            return {k: v[first : first + own] for k, v in self._slots(step).items()}

        parts = self._batches(step, slots, self.batch_size // replicas)
        return parts.repeat().prefetch(tf.data.AUTOTUNE)

    def _batches(self, step: int, slots: Callable, size: int) -> tf.data.Dataset:
        dataset = tf.data.Dataset.range(step, self.plan.total_steps)
        dataset = dataset.map(_unconverted(slots)).unbatch()
        dataset = dataset.map(
            _unconverted(self._sample), num_parallel_calls=self.workers or tf.data.AUTOTUNE
        )
        return dataset.batch(size, drop_remainder=True)

    def _slots(self, step: tf.Tensor) -> dict[str, tf.Tensor]:
        """Which sample goes into which place of the step's batch; each (B,)."""
        first = np.array([epoch.first_step for epoch in self.plan.epochs], np.int64)
        scales = np.array([epoch.crop_scale for epoch in self.plan.epochs], np.float64)
        epoch = tf.searchsorted(first, step[None], side="right")[0] - 1
        repetition = None
        if self.views is None:
            order = tf.random.experimental.stateless_shuffle(
                tf.range(self.samples), seed=tf.stack([tf.constant(self.seed), epoch]), alg=ALG
            )
        else:
            order, repetition = draw_order(self.views, seed=self.seed, epoch=epoch)
        place = tf.cast(step - tf.gather(first, epoch), tf.int32) * self.batch_size
        places = place + tf.range(self.batch_size)
        # An epoch may be longer than the data: a sample that comes again gets another view, by
        # the number of an epoch that the plan does not have.
        again = places // self.samples
        if repetition is not None:
            again = again * self.samples + tf.gather(repetition, places % self.samples)
        view = epoch + again * len(self.plan.epochs)
        return {
            "index": tf.gather(order, places % self.samples),
            "epoch": view,
            "crop_scale": tf.fill([self.batch_size], tf.gather(scales, epoch)),
        }

    def _sample(self, slot: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        key = sample_key(seed=self.seed, epoch=slot["epoch"], index=slot["index"], purpose=CROP)
        crop_scale = slot["crop_scale"]
        if self.view_scale is not None:
            crop_scale /= draw_scale(
                *self.view_scale, seed=self.seed, epoch=slot["epoch"], index=slot["index"]
            )

        def box(size: tf.Tensor) -> tf.Tensor:
            frame = self.scale.frame(*tf.unstack(tf.cast(size, tf.float64)), root=tf.sqrt)
            return crop_box(size, scale=crop_scale, key=key, frame=tf.stack(frame))

        image, label, size = self.decoder.crop(slot["index"], box)
        blocks = self._blocks(size, tf.shape(label), crop_scale)
        image, label = resize_pair(image, label, self.scale.working_size, blocks=blocks)
        if self.leaves_void_out:
            label = tf.where(label == VOID, tf.constant(OUTSIDE, tf.uint8), label)
        if self.unknown:
            paster = Paster(self.unknown, samples=self.samples, seed=self.seed)
            image, label = paster(
                image, label, epoch=slot["epoch"], index=slot["index"], lend=self._lend
            )
        if self.jpeg is not None:
            keys = {"seed": self.seed, "epoch": slot["epoch"], "index": slot["index"]}
            image = compress(image, *self.jpeg, **keys)
        return {"image": image, "label": label, "epoch": slot["epoch"], "index": slot["index"]}

    def _lend(self, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """A training image for `Paster`."""
        image, _, size = self.decoder.crop(index, lambda size: tf.concat([[0, 0], size], axis=0))
        frame = self.scale.frame(*tf.unstack(tf.cast(size, tf.float64)), root=tf.sqrt)
        return image, tf.stack(frame) / np.array(self.scale.working_size, np.float64)

    def _blocks(self, size: tf.Tensor, crop: tf.Tensor, crop_scale: tf.Tensor) -> tf.Tensor:
        """int32 (2,): at crop 1.0 the blocks that serving averages, though the crop was rounded."""
        served = self.scale.blocks(*tf.unstack(tf.cast(size, tf.int64)), root=integer_root)
        own = blocks_for(crop, tf.constant(self.scale.working_size))
        return tf.where(crop_scale == 1.0, tf.cast(tf.stack(served), tf.int32), own)


def draw_scale(
    low: float, high: float, *, seed: int, epoch: tf.Tensor, index: tf.Tensor
) -> tf.Tensor:
    """float64 scalar in low…high, log-uniform: twice as large is as probable as half as large.

    epoch, index: int32 scalars. A function of (seed, epoch, index) alone.
    """
    key = sample_key(seed=seed, epoch=epoch, index=index, purpose=SCALE)
    drawn = tf.cast(uniform([], seed=key), tf.float64)
    return low * tf.constant(high / low, tf.float64) ** drawn


def compress(
    image: tf.Tensor, low: int, high: int, *, seed: int, epoch: tf.Tensor, index: tf.Tensor
) -> tf.Tensor:
    """An image uint8 (H, W, 3) after JPEG with a quality uniform in low…high, whole numbers.

    epoch, index: int32 scalars. A function of the image and (seed, epoch, index) alone.
    """
    key = sample_key(seed=seed, epoch=epoch, index=index, purpose=JPEG)
    quality = low + tf.cast(uniform([], seed=key) * (high - low + 1), tf.int32)
    data = tf.raw_ops.EncodeJpegVariableQuality(images=image, quality=quality)
    return tf.ensure_shape(decode_image(data), image.shape)


def crop_box(
    size: tf.Tensor, *, scale: tf.Tensor, key: tf.Tensor, frame: tf.Tensor | None = None
) -> tf.Tensor:
    """A crop of `scale` times each side, placed uniformly: int32 (4,), top, left, height, width.

    Along an axis where it is longer than the image it holds all of the image, anywhere in it: top
    or left is then 0 or less.

    size: int32 (2,), height and width of the image. scale: float64 scalar > 0. key: int32 (2,) for
    stateless random ops. frame: float64 (2,), height and width of a crop of scale 1.0; None: size.
    """
    frame = tf.cast(size, tf.float64) if frame is None else frame
    crop = tf.maximum(tf.cast(tf.round(frame * scale), tf.int32), 1)
    uniform = tf.random.stateless_uniform([2], seed=key, dtype=tf.float64, alg=ALG)
    places = tf.cast(tf.abs(size - crop) + 1, tf.float64)
    corner = tf.cast(uniform * places, tf.int32) * tf.where(crop > size, -1, 1)
    return tf.concat([corner, crop], axis=0)


def resize_pair(
    image: tf.Tensor, label: tf.Tensor, size: tuple[int, int], *, blocks: tf.Tensor | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Image by the one resize, label by nearest; both to `size` (height, width), both uint8.

    blocks: see `resize_crop`.
    """
    label = tf.numpy_function(
        lambda values: resize_nearest(values, size), [label], tf.uint8, stateful=False
    )
    image = tf.ensure_shape(resize_crop(image, size, blocks=blocks), [*size, 3])
    return image, tf.ensure_shape(label, list(size))


def validation_dataset(
    catalog: Catalog, decoder: Decoder, *, split: str, batch_size: int, workers: int | None
) -> tf.data.Dataset:
    """Batches of (image uint8 (B, H, W, 3), label uint8 (B, H, W)) at native size, in order.

    Images of different sizes, or very large ones, come one by one.
    """
    height, width = catalog.native_size
    fit = _VALIDATION_VALUES // (height * width * catalog.label_set.num_outputs)
    batch = min(batch_size, max(1, fit)) if catalog.same_size[split] else 1
    dataset = tf.data.Dataset.range(len(catalog.splits[split]))
    dataset = dataset.map(
        _unconverted(lambda index: decoder(tf.cast(index, tf.int32))),
        num_parallel_calls=workers or tf.data.AUTOTUNE,
    )
    return dataset.batch(batch).prefetch(2)
