"""Worker: labels of a batch through an untrained net of any encoder. Started by encoders.py."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import limit_threads, resident_bytes, serve

from kerasseg.backend import load_tensorflow
from kerasseg.errors import run_command

OUTPUTS = 20


def prepare(args):
    load_tensorflow()
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(args.threads)
    from inference_models import serving_graph, write_onnx

    from kerasseg.config import load_config
    from kerasseg.export.fold import fold_batch_norm
    from kerasseg.inference.backends.onnx_session import open_session
    from kerasseg.models.build import build_net

    with np.load(args.batch) as file:
        images = file["image"]
    size = images.shape[1:3]
    model = load_config(None, args.set).model
    net = build_net(model, outputs=OUTPUTS, seed=0, precision="float32")
    facts = {"parameters": sum(int(np.prod(w.shape)) for w in net.trainable_weights)}
    if args.form == "keras":
        graph = serving_graph(fold_batch_norm(net, copies=True), size=size)
        return lambda: graph.labels(images).numpy(), facts
    with tempfile.TemporaryDirectory() as folder:
        write_onnx(net, Path(folder), size=size)
        session = open_session(Path(folder) / "model.onnx", threads=args.threads)
    facts["before_bytes"] = resident_bytes()
    return lambda: session.run(["labels"], {"image": images})[0], facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("form", choices=["keras", "onnx"])
    parser.add_argument("--batch", type=Path, required=True, help="npz of image and label")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="settings")
    args = parser.parse_args()
    limit_threads(args.threads)
    serve(lambda: prepare(args), warmup=1)


if __name__ == "__main__":
    sys.exit(run_command(main))
