"""Writes the files that benchmarks/inference.py compares: one net, in all formats of an export."""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import say

from kerasseg.backend import load_tensorflow
from kerasseg.config import ModelConfig
from kerasseg.errors import run_command

OUTPUTS = 20


def build_graph(*, width: int, size: tuple[int, int], weights: Path | None = None):
    """(net, serving graph) at scale 1; weights: a file of `Model.save_weights`, or None."""
    from kerasseg.models.build import build_net

    net = build_net(ModelConfig(width=width), outputs=OUTPUTS, seed=0, precision="float32")
    if weights is not None:
        net.load_weights(weights)
    return net, serving_graph(net, size=size)


def serving_graph(net, *, size: tuple[int, int]):
    """The graph that answers with `net`, at scale 1."""
    from kerasseg.data.working_scale import WorkingScale
    from kerasseg.models.serving_graph import ServingGraph

    return ServingGraph(
        net,
        scale=WorkingScale(size, fixed=1.0),
        background_id=OUTPUTS - 1,
        dropout_rate=0.3,
    )


def settle_statistics(net, images) -> None:
    """Moving statistics as after a training, so that features have the usual range."""
    for layer in net.layers:
        if "_norm" in layer.name:
            layer.momentum = 0.0
    for _ in range(2):
        net(images[:, :128, :256].astype("float32"), training=True)


def settled_net(folder: Path, images, *, width: int):
    """The net, its weights also in `folder` for Keras and, as arrays, for PyTorch.

    images: uint8 (B, H, W, 3), for the moving statistics.
    """
    import numpy as np

    net, _ = build_graph(width=width, size=images.shape[1:3])
    settle_statistics(net, images)
    net.save_weights(folder / "net.weights.h5")
    statistics = [w.numpy() for w in net.non_trainable_weights if "moving" in w.path]
    trainable = [w.numpy() for w in net.trainable_weights]
    np.savez(
        folder / "weights.npz",
        **{f"weight{i}": w for i, w in enumerate(trainable)},
        **{f"statistic{i}": w for i, w in enumerate(statistics)},
    )
    return net


def write_saved_model(net, folder: Path, *, size: tuple[int, int]) -> None:
    import tensorflow as tf

    from kerasseg.export.fold import fold_batch_norm

    graph = serving_graph(fold_batch_norm(net, copies=True), size=size)
    tf.saved_model.save(
        graph, str(folder / "savedmodel"), signatures={"serving_default": graph.predict}
    )


def write_onnx(net, folder: Path, *, size: tuple[int, int]) -> None:
    import onnx

    from kerasseg.export.fold import fold_batch_norm
    from kerasseg.export.formats.onnx_graph import convert

    graph = serving_graph(fold_batch_norm(net, copies=False), size=size)
    onnx.save(convert(graph, probabilities=False), str(folder / "model.onnx"))


def write_int8(folder: Path, images) -> None:
    """Out of the model.onnx there. images: what it is calibrated on, the middle of large ones."""
    from kerasseg.data.working_scale import WorkingScale
    from kerasseg.export.int8 import quantize

    height, width = images.shape[1:3]
    top, left = (height - min(height, 512)) // 2, (width - min(width, 512)) // 2
    parts = images[:2, top : height - top, left : width - left]
    scale = WorkingScale((height, width), fixed=1.0)
    quantize(folder / "model.onnx", folder / "model.int8.onnx", images=list(parts), scale=scale)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=Path, required=True, help="npz of image and label")
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--no-int8", action="store_true")
    args = parser.parse_args()
    load_tensorflow()
    import numpy as np

    with np.load(args.batch) as file:
        images = file["image"]
    size = images.shape[1:3]
    net = settled_net(args.folder, images, width=args.width)
    say("writing the SavedModel")
    write_saved_model(net, args.folder, size=size)
    say("writing model.onnx")
    write_onnx(net, args.folder, size=size)
    if not args.no_int8:
        say("writing model.int8.onnx")
        write_int8(args.folder, images)
    print(json.dumps({"written": sorted(path.name for path in args.folder.iterdir())}))


if __name__ == "__main__":
    sys.exit(run_command(main))
