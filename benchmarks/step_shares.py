"""Which operations a training step spends its time in: python benchmarks/step_shares.py

One step of the full objective under TensorFlow's profiler, after two without. Operations run
beside each other, so their seconds add up to more than the step's; a share is of that sum. Prints
JSON: the step's seconds, and seconds and shares by kind of operation, the largest first.
"""

import argparse
import collections
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from train_step import draw_batch
from train_worker import VARIANTS, build, read_batch
from turns import limit_threads, machine

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import whole_number
from kerasseg.config import load_config
from kerasseg.errors import run_command

KINDS = {
    "convolution, gradient of the filter": ("Conv2DBackpropFilter",),
    "convolution, gradient of the input": ("Conv2DBackpropInput",),
    "convolution, forward": ("FusedConv2D", "Conv2D"),
    "mirrored edges, both ways": ("MirrorPad",),
    "BatchNorm, both ways": ("FusedBatchNorm",),
    "optimizer": ("ResourceApplyAdam",),
    "random numbers": ("StatelessRandomUniform",),
    "max-pooling, both ways": ("MaxPool",),
    "soft-max and cross entropy": ("Softmax",),
}


def kind_of(operation: str) -> str:
    """The first of KINDS that has a part of its name."""
    for kind, parts in KINDS.items():
        if any(part in operation for part in parts):
            return kind
    return "everything else"


def operation_seconds(folder: Path) -> dict[str, float]:
    """By type of operation, out of the one trace below `folder`."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    (trace,) = folder.rglob("*.xplane.pb")
    space = xplane_pb2.XSpace.FromString(trace.read_bytes())
    (plane,) = (plane for plane in space.planes if plane.name == "/host:CPU")
    found = collections.Counter()
    for line in plane.lines:
        for event in line.events:
            # "name:type"; the rest is the executor around the operations.
            operation = plane.event_metadata[event.metadata_id].name.rpartition(":")[2]
            if operation.startswith("_Mkl") or hasattr(tf.raw_ops, operation):
                found[operation] += event.duration_ps / 1e12
    return found


def profiled_step(args, folder: Path) -> tuple[float, dict[str, float]]:
    import tensorflow as tf

    from kerasseg.training.step import compile_step

    draw_batch(folder / "batch.npz", images=args.batch, size=tuple(args.size))
    settings = [
        f"data.root={folder / 'streets'}",
        f"data.cache_dir={folder / 'cache'}",
        f"data.image_size={args.size}",
        f"model.width={args.width}",
        f"train.batch_size={args.batch}",
        "train.precision=float32",
        "train.jit=false",
        *args.set,
    ]
    config = load_config(None, [*settings, *VARIANTS[args.variant]])
    session, device = build(config, folder / "streets")
    step, batch = compile_step(session.segmenter, jit=device.jit), read_batch(folder / "batch.npz")
    for _ in range(2):
        float(step(batch)["loss"])
    start = time.perf_counter()
    with tf.profiler.experimental.Profile(str(folder / "profile")):
        float(step(batch)["loss"])
        seconds = time.perf_counter() - start
    return seconds, operation_seconds(folder / "profile")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("--variant", choices=list(VARIANTS), default="full")
    parser.add_argument("--width", type=positive, default=64)
    parser.add_argument("--batch", type=positive, default=2)
    parser.add_argument("--size", type=positive, nargs=2, default=[256, 512], metavar=("H", "W"))
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="more settings")
    args = parser.parse_args()
    limit_threads(args.threads)
    load_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        seconds, found = profiled_step(args, Path(folder))
    total, kinds = sum(found.values()), collections.Counter()
    for operation, own in found.items():
        kinds[kind_of(operation)] += own
    report = {"machine": machine(), "variant": args.variant, "step_seconds": round(seconds, 3)}
    report |= {"shape": {"width": args.width, "batch": args.batch, "size": args.size}}
    report["kinds"] = {
        kind: {"seconds": round(own, 3), "share": round(own / total, 4)}
        for kind, own in kinds.most_common()
    }
    report["operations"] = {
        operation: round(own / total, 4)
        for operation, own in found.most_common()
        if own > 0.005 * total
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
