"""A batch that comes in parts makes the update of the whole batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasseg.config import AugmentConfig, OptimizerConfig
from kerasseg.metrics import MeanIoU
from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.models.layers.batch_part import current_part
from kerasseg.training.accumulation import sum_over_parts
from kerasseg.training.step import compile_step
from tests.training.small_segmenter import OUTPUTS, noise_batch, small_segmenter

SGD = OptimizerConfig(name="sgd", learning_rate=0.1, momentum=0.0)
COLOURS = AugmentConfig(flip=True, brightness=0.2)
PLAIN = {
    "boundary_weight": 1.0,
    "uncertainty_weight": 0.0,
    "augmentation": AugmentConfig(flip=False),
}
# Every term, with all that changes what an image or a pixel counts.
ALL = {
    "variance": "sampled",
    "dice": 0.5,
    "lovasz": 0.5,
    "auxiliary": 0.4,
    "focal_gamma": 1.0,
    "hard_pixels": 0.5,
    "label_smoothing": 0.1,
    "class_weights": (0.5, 1.0, 2.0, 1.5),
    "background_id": None,
}


def values(segmenter):
    """Weights, statistics and seeds."""
    return [np.asarray(v.value, np.float64) for v in segmenter.net.variables]


def batches():
    return [noise_batch(step, batch_size=4) for step in range(2)]


def test_it_is_the_update_of_the_undivided_batch():
    """Through `fit`, which knows no batch size beforehand, with a metric of its own."""
    goal = {"optimizer": SGD, "augmentation": COLOURS, "batch_norm": False, **ALL}
    whole, divided = (small_segmenter(accumulate=parts, **goal) for parts in (1, 2))
    before = values(whole)
    for segmenter in (whole, divided):
        metric = MeanIoU(num_classes=OUTPUTS - 1)
        segmenter.compile(optimizer=segmenter.optimizer, metrics=[metric], jit_compile=False)
    for batch in batches():
        means = whole.train_step(batch)
    images = {name: np.concatenate([b[name] for b in batches()]) for name in noise_batch()}
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(4)
    history = divided.fit(dataset, verbose=0, shuffle=False).history
    assert history.keys() == means.keys()
    for name, mean in means.items():
        assert history[name] == [pytest.approx(float(mean), rel=1e-5)], name
    for start, expected, found in zip(before, values(whole), values(divided), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
        # Not the one tolerance where steps are small.
        assert np.linalg.norm(found - expected) <= 1e-3 * np.linalg.norm(expected - start)


def test_batch_norm_normalises_each_part_and_its_statistics_move_once():
    segmenter = small_segmenter(optimizer=SGD, accumulate=2, **PLAIN)
    batch, net = noise_batch(batch_size=4), segmenter.net
    target = np.where(batch["label"] == 255, OUTPUTS - 1, batch["label"])
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    gradients, statistics = [], []
    for part in (slice(0, None, 2), slice(1, None, 2)):
        twin = keras.models.clone_model(net)
        twin.set_weights(net.get_weights())
        with tf.GradientTape() as tape:
            logits = twin(batch["image"][part].astype(np.float32), training=True)[0]
            loss = loss_of(target[part], logits)
        gradients.append(tape.gradient(loss, twin.trainable_variables))
        statistics.append([v.numpy() for v in twin.non_trainable_variables if "moving" in v.path])
    expected = [
        v.numpy() - 0.1 * np.mean(parts, axis=0)
        for v, *parts in zip(net.trainable_variables, *gradients, strict=True)
    ]
    segmenter.train_step(batch)
    for found, wanted in zip(net.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)
    moved = [v.numpy() for v in net.non_trainable_variables if "moving" in v.path]
    assert len(moved) == 2 * sum(isinstance(x, FusedBatchNormalization) for x in net.layers) > 0
    for found, *parts in zip(moved, *statistics, strict=True):
        # Each twin has moved from the same start, so the mean has, too.
        np.testing.assert_allclose(found, np.mean(parts, axis=0), rtol=1e-5, atol=1e-6)


def test_an_overflow_in_one_part_skips_the_whole_update_once():
    # Images 1 and 3 are the second part, and alone have the class with the enormous weight.
    segmenter = small_segmenter(
        precision="mixed_float16",
        optimizer=SGD,
        accumulate=2,
        class_weights=(1.0, 1.0, 1e6, 1.0),
        **PLAIN,
    )
    harmless = noise_batch(batch_size=4)
    harmless["label"][harmless["label"] == 2] = 1
    optimizer, net = segmenter.optimizer, segmenter.net
    scale = float(optimizer.dynamic_scale)

    def step(batch):
        before = [v.numpy() for v in net.trainable_variables]
        segmenter.train_step(batch)
        return any(
            (v.numpy() != old).any() for v, old in zip(net.trainable_variables, before, strict=True)
        )

    assert step(harmless)
    enormous = {**harmless, "label": harmless["label"].copy()}
    enormous["label"][1::2] = 2
    assert not step(enormous)
    assert float(optimizer.dynamic_scale) == scale / 2
    assert int(optimizer.inner_optimizer.iterations) == 1
    assert step(harmless)
    assert float(optimizer.dynamic_scale) == scale / 2
    assert int(optimizer.inner_optimizer.iterations) == 2


def test_xla_works_through_the_same_parts():
    goal = {"augmentation": COLOURS, "variance": "sampled", "optimizer": SGD, "accumulate": 2}
    plain, compiled = (small_segmenter(**goal) for _ in range(2))
    step = compile_step(compiled, jit=True)
    for batch in batches():
        expected, found = plain.train_step(batch), step(batch)
        for name, mean in expected.items():
            assert float(found[name]) == pytest.approx(float(mean), rel=1e-4), name
    for a, b in zip(values(plain), values(compiled), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@given(parts=st.integers(1, 6), images=st.integers(1, 3), known=st.booleans())
@settings(max_examples=10)
def test_one_graph_takes_the_parts_in_turn(parts, images, known):
    traced = []

    def compute(values):
        traced.append(values.shape)
        weight = tf.cast(current_part().index + 1, tf.float32)
        return [weight * tf.reduce_sum(values, axis=0)]

    @tf.function(input_signature=[tf.TensorSpec([parts * images if known else None, 3])])
    def add(values):
        like = [tf.TensorSpec([3], tf.float32)]
        return sum_over_parts(compute, [values], parts=parts, like=like)[0]

    values = np.random.default_rng(0).normal(size=(parts * images, 3)).astype(np.float32)
    expected = sum((i + 1) * values[i::parts].sum(axis=0) for i in range(parts))
    np.testing.assert_allclose(add(values), expected, rtol=1e-5, atol=1e-5)
    assert len(traced) == 1
    assert traced[0].as_list() == [images if known else None, 3]


def test_a_batch_that_cannot_be_divided_is_refused():
    segmenter = small_segmenter(accumulate=2)
    with pytest.raises(ValueError, match=r"batch: found 3 images, expected a multiple of 2"):
        segmenter.train_step(noise_batch(batch_size=3))
