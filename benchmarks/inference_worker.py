"""Worker: one image through one form of the model. Started by benchmarks/inference.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import inference_parser, limit_threads, resident_bytes, serve

from kerasseg.backend import load_tensorflow
from kerasseg.errors import run_command


def limit_tensorflow(threads: int) -> None:
    load_tensorflow()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)


def graph_of(folder: Path, image, args):
    limit_tensorflow(args.threads)
    from inference_models import build_graph

    weights = folder / "net.weights.h5"
    return build_graph(width=args.width, size=image.shape[1:3], weights=weights)[1]


def keras_call(folder: Path, image, args):
    """The serving graph on the live Keras net."""
    graph = graph_of(folder, image, args)
    return lambda: graph.predict(image)["labels"].numpy()


def keras_labels_call(folder: Path, image, args):
    """The same for the labels alone: no confidence, no uncertainty."""
    graph = graph_of(folder, image, args)
    return lambda: graph.labels(image).numpy()


def saved_model_call(folder: Path, image, args):
    """The exported signature."""
    limit_tensorflow(args.threads)
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / "savedmodel"))
    answer, tensor = loaded.signatures["serving_default"], tf.constant(image)
    return lambda: answer(image=tensor)["labels"].numpy()


def onnx_call(name: str):
    """An ONNX file of this project, in ONNX Runtime."""

    def call(folder: Path, image, args):
        from kerasseg.inference.backends.onnx_session import open_session

        session = open_session(folder / name, threads=args.threads)
        return lambda: session.run(["labels", "confidence", "uncertainty"], {"image": image})[0]

    return call


def torch_onnx_call(folder: Path, image, args):
    """The file that PyTorch writes. It ends at the logits; their arg max is not timed."""
    from kerasseg.inference.backends.onnx_session import open_session

    session = open_session(folder / "torch.onnx", threads=args.threads)
    pixels = image.transpose(0, 3, 1, 2).astype("float32")
    return lambda: session.run(None, {"image": pixels})[0]


CALLS = {
    "keras": keras_call,
    "keras_labels": keras_labels_call,
    "savedmodel": saved_model_call,
    "onnx": onnx_call("model.onnx"),
    "onnx_int8": onnx_call("model.int8.onnx"),
    "torch_onnx": torch_onnx_call,
}


def main() -> None:
    parser = inference_parser(__doc__)
    parser.add_argument("--form", choices=list(CALLS), required=True)
    args = parser.parse_args()
    limit_threads(args.threads)

    def prepare():
        import numpy as np

        with np.load(args.batch) as file:
            image = file["image"][:1]
        call = CALLS[args.form](args.folder, image, args)
        facts = {"before_bytes": resident_bytes()}
        answer = call()
        labels = answer.argmax(1).astype(np.uint8) if answer.ndim == 4 else answer
        np.save(args.folder / f"labels_{args.form}.npy", labels)
        return call, facts

    serve(prepare, warmup=1)


if __name__ == "__main__":
    sys.exit(run_command(main))
