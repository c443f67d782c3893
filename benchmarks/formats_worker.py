"""Worker: one exported file in one runtime. Started by benchmarks/formats.py.

It needs NumPy and the runtime alone, nothing of the project: it also runs in the environment of
the peers. `--batch` is an npy of uint8 (B, H, W, 3): each image is answered once, into `--out`, one
array after the other, before the first of them is timed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

from turns import limit_threads, resident_bytes, serve


def tensorflow_call(path: Path, threads: int):
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    return lambda image: signature(image=tf.constant(image))["labels"].numpy()


def onnxruntime_call(path: Path, threads: int):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", "1")  # as kerasseg does
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    # All outputs, as all are computed, and of them what labels follow from.
    wanted = names.index("logits" if "logits" in names else "labels")
    return lambda image: session.run(names, {"image": image})[wanted]


def openvino_call(path: Path, threads: int):
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # bfloat16 is its default where the CPU knows it
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    names = {name for output in request.model_outputs for name in output.names}
    wanted = "logits" if "logits" in names else "labels"
    return lambda image: request.infer({"image": image})[wanted]


def opencv_call(path: Path, threads: int):
    import cv2

    cv2.setNumThreads(threads)
    net = cv2.dnn.readNetFromONNX(str(path))

    def call(image):
        net.setInput(image)
        return net.forward("logits")

    return call


def litert_call(path: Path, threads: int):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=threads)
    runner = interpreter.get_signature_runner("serving_default")
    step, zero = runner.get_output_details()["logits"]["quantization"]

    def call(image):
        logits = runner(image=image)["logits"]
        return logits if not step else (logits.astype(np.float32) - zero) * np.float32(step)

    return call


CALLS = {
    "TensorFlow": tensorflow_call,
    "ONNX Runtime": onnxruntime_call,
    "OpenVINO": openvino_call,
    "OpenCV": opencv_call,
    "LiteRT": litert_call,
}


def prepare(args):
    images = np.load(args.batch, mmap_mode="r")
    answer = CALLS[args.runtime](args.file, args.threads)
    facts = {"before_bytes": resident_bytes()}
    first = _taken(images[:1], plain=args.plain)
    # One after the other: its peak memory is that of one image.
    with args.out.open("wb") as file:
        for number in range(len(images)):
            np.save(file, answer(_taken(images[number : number + 1], plain=args.plain)))
    return lambda: answer(first), facts


def _taken(images: np.ndarray, *, plain: bool) -> np.ndarray:
    """What the file takes, of uint8 (1, H, W, 3)."""
    if plain:
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32) / 255
    return np.array(images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--runtime", required=True, choices=CALLS)
    parser.add_argument("--plain", action="store_true", help="the file takes float32 NCHW in 0…1")
    parser.add_argument("--batch", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    limit_threads(args.threads)
    serve(lambda: prepare(args), warmup=1)


if __name__ == "__main__":
    main()
