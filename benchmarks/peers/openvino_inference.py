"""Worker: one image through an ONNX file of this project in OpenVINO. Started by inference.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import inference_parser, resident_bytes, serve


def prepare(args):
    import numpy as np
    import openvino

    with np.load(args.batch) as file:
        image = file["image"][:1]
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # bfloat16 is its default where the CPU knows it
        "INFERENCE_NUM_THREADS": args.threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    model = openvino.Core().compile_model(args.folder / "model.onnx", "CPU", settings)
    request = model.create_infer_request()

    def call():
        return request.infer({"image": image})["labels"]

    facts = {"before_bytes": resident_bytes(), "openvino": openvino.__version__}
    np.save(args.folder / "labels_openvino.npy", call())
    return call, facts


def main() -> None:
    parser = inference_parser(__doc__)
    args = parser.parse_args()
    serve(lambda: prepare(args), warmup=1)


if __name__ == "__main__":
    main()
