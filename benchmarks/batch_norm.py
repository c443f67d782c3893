"""Fused BatchNorm beside Keras' own: python benchmarks/batch_norm.py

Four times convolution, BatchNorm and ReLU, forward and backward, on one feature map; the two take
turns, round after round. Prints JSON: seconds (min and median) and the ratio of Keras to fused.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import whole_number
from kerasseg.errors import run_command


def build(layer, channels: int):
    """Compiled callable: feature map (B, H, W, channels) -> loss, after all gradients."""
    import keras
    import tensorflow as tf

    image = keras.Input((None, None, channels))
    x = image
    for _ in range(4):
        x = keras.layers.Conv2D(channels, 3, padding="same")(x)
        x = keras.layers.ReLU()(layer(momentum=0.9, epsilon=1e-5)(x))
    net = keras.Model(image, x)

    @tf.function
    def step(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(net(images, training=True)))
        gradients = tape.gradient(loss, net.trainable_variables)
        return loss, [tf.reduce_sum(g) for g in gradients]

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=whole_number(1), default=10)
    parser.add_argument("--channels", type=whole_number(1), default=16)
    args = parser.parse_args()
    load_tensorflow()
    import keras
    import tensorflow as tf

    from kerasseg.models.layers.batch_norm import FusedBatchNormalization

    images = tf.random.normal([8, 192, 256, args.channels], seed=0)
    layers = {"keras": keras.layers.BatchNormalization, "fused": FusedBatchNormalization}
    steps = {name: build(layer, args.channels) for name, layer in layers.items()}
    seconds = {name: [] for name in steps}
    for round_number in range(args.rounds + 2):
        for name, step in steps.items():
            start = time.perf_counter()
            float(step(images)[0])
            if round_number > 1:
                seconds[name].append(time.perf_counter() - start)
    ratios = [k / f for k, f in zip(seconds["keras"], seconds["fused"], strict=True)]
    found = {
        name: {"min": round(min(s), 4), "median": round(statistics.median(s), 4)}
        for name, s in seconds.items()
    }
    found["keras / fused, median of the pairs"] = round(statistics.median(ratios), 2)
    print(json.dumps({"channels": args.channels, "rounds": args.rounds, **found}, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
