"""Arithmetic of the model against what this machine can do: python benchmarks/flops.py

Counts the floating point operations of every convolution of the net from its shapes (a
multiplication and an addition each count), and measures what the machine reaches, on all threads
at once: matrix multiplications in TensorFlow (float32 and bfloat16), and convolutions forward and
backward at the net's own shapes. Given the seconds of a training step (benchmarks/train_step.py),
says how many of those it reaches. Prints JSON.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import limit_threads, machine

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import whole_number
from kerasseg.config import ModelConfig
from kerasseg.errors import run_command


def convolutions(*, width: int, depth: int, size: tuple[int, int], outputs: int) -> list[dict]:
    """Each convolution of the net: kernel side, channels in and out, rows and columns of the
    result, and operations forward for one image.

    A transposed convolution with stride 2 and a 2x2 kernel writes 4 C values from each input
    pixel: it counts as a 1x1 convolution from D to 4 C channels at the smaller size.
    """
    found = []

    def add(name, kernel, inputs, channels, rows, columns):
        operations = 2 * kernel * kernel * inputs * channels * rows * columns
        shape = {"kernel": kernel, "in": inputs, "out": channels, "size": [rows, columns]}
        found.append({"name": name, **shape, "operations": operations})

    sizes = [(size[0] // 2**level, size[1] // 2**level) for level in range(depth + 1)]
    before = 3
    for level in range(depth + 1):
        channels = width * 2**level
        name = "bottom" if level == depth else f"down{level}"
        add(f"{name}_conv1", 3, before, channels, *sizes[level])
        add(f"{name}_conv2", 3, channels, channels, *sizes[level])
        before = channels
    for level in reversed(range(depth)):
        channels = width * 2**level
        add(f"up{level}", 1, 2 * channels, 4 * channels, *sizes[level + 1])
        add(f"up{level}_conv1", 3, 2 * channels, channels, *sizes[level])
        add(f"up{level}_conv2", 3, channels, channels, *sizes[level])
    add("head", 1, width, outputs, *sizes[0])
    return found


def training_operations(layers: list[dict]) -> int:
    """Operations of one image forward and backward: two more passes of the same size, but for
    the first layer, whose image needs no gradient."""
    return sum(layer["operations"] * 3 for layer in layers) - layers[0]["operations"]


def best_rate(call, operations: float, *, seconds: float) -> float:
    """The highest rate of a call within some seconds, in GFLOP/s."""
    call()
    fastest, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        fastest = min(fastest, time.perf_counter() - start)
    return round(operations / fastest / 1e9, 1)


def matmul_rate(dtype: str, *, side: int, seconds: float) -> float:
    import tensorflow as tf

    a, b = (tf.cast(tf.random.normal([side, side], seed=i), dtype) for i in (0, 1))
    return best_rate(lambda: tf.matmul(a, b).numpy()[0, 0], 2 * side**3, seconds=seconds)


def convolution_rates(layer: dict, dtype: str, *, batch: int, seconds: float) -> dict[str, float]:
    """Forward, gradient of the input, gradient of the kernel: GFLOP/s at the layer's shape."""
    import tensorflow as tf

    kernel = layer["kernel"]
    image = tf.cast(tf.random.normal([batch, *layer["size"], layer["in"]], seed=0), dtype)
    weight = tf.cast(tf.random.normal([kernel, kernel, layer["in"], layer["out"]], seed=1), dtype)
    result = tf.cast(tf.random.normal([batch, *layer["size"], layer["out"]], seed=2), dtype)
    shared = {"strides": [1, 1, 1, 1], "padding": "SAME"}

    def forward():
        return tf.raw_ops.Conv2D(input=image, filter=weight, **shared)

    def input_gradient():
        return tf.raw_ops.Conv2DBackpropInput(
            input_sizes=tf.shape(image), filter=weight, out_backprop=result, **shared
        )

    def kernel_gradient():
        return tf.raw_ops.Conv2DBackpropFilter(
            input=image, filter_sizes=tf.shape(weight), out_backprop=result, **shared
        )

    operations = batch * layer["operations"]
    rates = {}
    for call in (forward, input_gradient, kernel_gradient):
        compiled = tf.function(call)

        def wait(compiled=compiled):
            return compiled()[0, 0, 0, 0].numpy()

        rates[call.__name__] = best_rate(wait, operations, seconds=seconds)
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("--width", type=positive, default=64)
    parser.add_argument("--batch", type=positive, default=2)
    parser.add_argument("--size", type=positive, nargs=2, default=[256, 512], metavar=("H", "W"))
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each measurement")
    parser.add_argument("--step-seconds", type=float, help="of a training step, to be rated")
    args = parser.parse_args()
    limit_threads(args.threads)
    load_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    model = ModelConfig(width=args.width)
    layers = convolutions(width=args.width, depth=model.depth, size=tuple(args.size), outputs=20)
    forward, step = sum(layer["operations"] for layer in layers), training_operations(layers)
    report = {
        "machine": machine(),
        "shape": {"width": args.width, "batch": args.batch, "size": args.size},
        "gflop_an_image": {"forward": round(forward / 1e9, 1), "training": round(step / 1e9, 1)},
        "gflop_a_step": round(args.batch * step / 1e9, 1),
        "peak_gflops": {},
    }
    chosen = [layer for layer in layers if layer["name"].endswith("_conv2")]
    for dtype in ("float32", "bfloat16"):
        matmul = matmul_rate(dtype, side=2048, seconds=args.seconds)
        rates = {
            layer["name"]: convolution_rates(layer, dtype, batch=args.batch, seconds=args.seconds)
            for layer in chosen[: model.depth + 1]
        }
        best = max(rate for found in rates.values() for rate in found.values())
        report["peak_gflops"][dtype] = {"matmul": matmul, "convolution": best, "layers": rates}
    if args.step_seconds:
        rate = args.batch * step / 1e9 / args.step_seconds
        peak = report["peak_gflops"]["float32"]
        report["step"] = {"seconds": args.step_seconds, "gflops": round(rate, 1)}
        for name in ("matmul", "convolution"):
            report["step"][f"share of the {name} peak"] = round(rate / peak[name], 3)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
