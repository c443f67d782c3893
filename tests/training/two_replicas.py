"""One SGD step on one device and on two, the same global batch: is it the same update?

A program of its own, run by test_segmenter. Both replicas get the same image, so that their
BatchNorm statistics are those of the whole batch; dropout is off (C = 0).
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import tensorflow as tf

from kerasseg.config import AugmentConfig, OptimizerConfig
from tests.training.small_segmenter import noise_batch, small_segmenter


def make():
    return small_segmenter(
        uncertainty_weight=0.0,
        augmentation=AugmentConfig(flip=False),
        optimizer=OptimizerConfig(name="sgd", learning_rate=0.5, momentum=0.0),
    )


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    half = noise_batch(batch_size=1)
    whole = {name: np.concatenate([value, value]) for name, value in half.items()}

    one = make()
    before = [np.array(v) for v in one.net.trainable_variables]
    one.train_step(whole)

    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        two = make()
    batches = strategy.experimental_distribute_dataset(
        tf.data.Dataset.from_tensor_slices(whole).batch(2)
    )

    @tf.function
    def step(batch):
        return strategy.run(two.train_step, args=(batch,))

    for batch in batches:
        step(batch)
    moved = max(
        np.abs(np.array(v) - b).max()
        for v, b in zip(one.net.trainable_variables, before, strict=True)
    )
    difference = max(
        np.abs(np.array(a) - np.array(b)).max()
        for a, b in zip(one.net.trainable_variables, two.net.trainable_variables, strict=True)
    )
    print(f"{strategy.num_replicas_in_sync} replicas, largest difference {difference:.2e}")
    assert moved > 1e-3, moved
    assert difference < 1e-5, difference


main()
