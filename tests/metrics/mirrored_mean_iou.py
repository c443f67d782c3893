"""Evaluates one net on one device and on two, and prints both scores as JSON.

A program of its own, run by test_mean_iou: devices are split before TensorFlow starts them.
"""

import json

import keras
import numpy as np
import tensorflow as tf

from kerasseg.metrics import MeanIoU

CLASSES = 3


def score(images, labels) -> float:
    """Of a net that hands its input on. The last batch is not full, and uneven on two replicas."""
    head = keras.layers.Conv2D(CLASSES + 1, 1, use_bias=False)
    model = keras.Sequential([keras.Input((None, None, CLASSES + 1)), head])
    model.set_weights([np.eye(CLASSES + 1)[None, None]])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    model.compile(loss=loss, metrics=[MeanIoU(CLASSES, dtype="float64")], jit_compile=False)
    logs = model.evaluate(images, labels, batch_size=4, verbose=0, return_dict=True)
    return float(logs["mean_iou"])


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    rng = np.random.default_rng(0)
    images = rng.random((11, 6, 5, CLASSES + 1), np.float32)
    labels = rng.choice([*range(CLASSES), 255], (11, 6, 5)).astype(np.uint8)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        mirrored = score(images, labels)
    alone = score(images, labels)
    print(
        json.dumps(
            {"replicas": strategy.num_replicas_in_sync, "mirrored": mirrored, "alone": alone}
        )
    )


if __name__ == "__main__":
    main()
