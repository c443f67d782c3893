"""Two SGD steps on one device and on two, the same global batches: are they the same updates?

A program of its own, run by test_segmenter. Prints the largest difference of each case.
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import tensorflow as tf

from kerasseg.config import OptimizerConfig
from kerasseg.models.encoders import efficientnet_lite
from kerasseg.models.layers.batch_norm import FusedBatchNormalization, synchronized_batch_norm
from kerasseg.training.cluster import Cluster
from kerasseg.training.replicas import join_replicas
from kerasseg.training.step import compile_step
from tests.training.small_segmenter import FEW_LITE_STAGES, SIZE, noise_batch, small_segmenter

PLAIN_SGD = {"name": "sgd", "learning_rate": 0.5, "momentum": 0.0}
# Settings of the segmenter, settings of the optimizer, largest difference allowed. Float32 sums in
# another order: each is rounded to 1e-7 of its largest part, gradients are of the order of 1 and so
# are the factors that make updates of them (a rate of 0.5; for AdamW 0.001 / EPSILON), and net,
# loss and two steps add up to less than a hundred roundings. Float16 rounds to 5e-4, its sums of
# each replica are added in float32, and so a few dozen roundings are left.
CASES = {
    "sampled, flips": ({}, {}, 1e-5),
    "closed form, void ignored": ({"variance": "closed_form", "background_id": None}, {}, 1e-5),
    # Each part is normalised by itself: of the same two images, however many replicas there are.
    "in parts": ({"accumulate": 2}, {}, 1e-5),
    # Six times the layers; of the deepest map BatchNorm has sixteen pixels to go by.
    "auxiliary head": ({"auxiliary": 0.4}, {}, 1e-4),
    "clipped": ({}, {"clip_norm": 0.1, "weight_decay": 0.01}, 1e-5),
    "adamw": ({}, {"name": "adamw", "learning_rate": 1e-3, "weight_decay": 0.01}, 1e-5),
    "adamw, slower encoder": (
        {},
        {
            "name": "adamw",
            "learning_rate": 1e-3,
            "weight_decay": 0.01,
            "encoder_rate": 0.1,
            "encoder_frozen": 0.01,  # one of the two steps
        },
        1e-5,
    ),
    # Some thirty layers with BatchNorm between them, which pass on more of their rounding.
    "efficientnet_lite0": ({"encoder": "efficientnet_lite0"}, {"learning_rate": 0.01}, 1e-4),
    "mixed_float16": ({"precision": "mixed_float16"}, {}, 0.02),
}


def values(segmenter) -> list[np.ndarray]:
    """Weights, moving statistics, seeds, slots and running means."""
    metrics = [v for metric in segmenter.term_means.values() for v in metric.variables]
    variables = [*segmenter.net.variables, *segmenter.optimizer.variables, *metrics]
    return [np.asarray(v.value, np.float64) for v in variables]


def apart(some, others) -> float:
    return max(np.abs(a - b).max() for a, b in zip(some, others, strict=True))


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    efficientnet_lite._STAGES = FEW_LITE_STAGES
    group = join_replicas("mirrored", Cluster())
    assert group.size == 2
    for name, (goal, optimizer, allowed) in CASES.items():
        optimizer = OptimizerConfig(**{**PLAIN_SGD, **optimizer})
        # Of a small image the deepest map of an encoder is one pixel: too few for BatchNorm.
        size = (128, 96) if "encoder" in goal else SIZE
        batches = [noise_batch(step, batch_size=4, size=size) for step in range(2)]
        one = small_segmenter(optimizer=optimizer, **goal)
        before = values(one)
        with group.scope():
            two = small_segmenter(optimizer=optimizer, **goal)
        assert apart(before, values(two)) == 0.0

        together = compile_step(two, jit=False, strategy=group.strategy)
        stacked = {key: np.stack([b[key] for b in batches]) for key in batches[0]}
        dataset = tf.data.Dataset.from_tensor_slices(stacked)
        for whole, parts in zip(
            dataset, group.strategy.experimental_distribute_dataset(dataset), strict=True
        ):
            said, expected = together(parts), one.train_step(whole)
            one.update_average()
            for key in expected:
                np.testing.assert_allclose(said[key], expected[key], rtol=max(allowed, 1e-5))
        difference = apart(values(one), values(two))
        print(f"{name}: {difference:.1e}")
        assert apart(before, values(one)) > 1e-3
        assert difference < allowed, name
    print(f"each by itself: {unsynchronized(group):.1e}")
    print(f"mean of 1000 deviations: {far_from_zero(group):.1e}")


def unsynchronized(group) -> float:
    """Replicas that normalise the same image each by itself make the update of that image."""
    image = noise_batch(batch_size=1)
    twice = {name: np.concatenate([value, value]) for name, value in image.items()}
    settings = {"uncertainty_weight": 0.0, "optimizer": OptimizerConfig(**PLAIN_SGD)}
    one = small_segmenter(**settings)
    with group.scope():
        two = small_segmenter(**settings)
    norms = [layer for layer in two.net.layers if isinstance(layer, FusedBatchNormalization)]
    assert norms
    for layer in norms:
        layer.synchronized = False
    one.train_step(image)
    one.update_average()
    dataset = tf.data.Dataset.from_tensors(twice)
    step = compile_step(two, jit=False, strategy=group.strategy)
    step(next(iter(group.strategy.experimental_distribute_dataset(dataset))))
    # With the moving statistics: those of one image, not those of two.
    difference = apart(values(one), values(two))
    assert difference < 1e-5
    return difference


def far_from_zero(group) -> float:
    """The largest relative error of the variance where the mean is a thousand deviations."""
    x = np.random.default_rng(0).normal(1000.0, 1.0, (4, 32, 32, 3)).astype(np.float32)
    x[2:] += 2.0  # the replicas' means differ
    parts = group.strategy.experimental_distribute_dataset(
        tf.data.Dataset.from_tensor_slices(x).batch(4)
    )

    @tf.function
    def variances(part):
        ones = tf.ones([3])
        return group.strategy.run(
            lambda x: synchronized_batch_norm(x, ones, ones, epsilon=1e-5)[2], args=(part,)
        )

    found = group.strategy.experimental_local_results(variances(next(iter(parts))))
    expected = x.astype(np.float64).var(axis=(0, 1, 2), ddof=1)
    error = max(np.abs(value / expected - 1).max() for value in found)
    assert error < 1e-3
    return error


main()
