"""OpenVINO's own INT8 of a `model.plain.onnx`: `nncf.quantize`. Started by benchmarks/formats.py.

python benchmarks/peers/openvino_int8.py model.plain.onnx images.npz model.plain.nncf.xml
"""

import sys

import nncf
import numpy as np
import openvino


def main(source: str, images: str, target: str) -> None:
    """images: npz with `image`, uint8 (B, H, W, 3) of the size of the file, to calibrate on."""
    with np.load(images) as file:
        batches = [
            np.ascontiguousarray(image[None].transpose(0, 3, 1, 2), np.float32) / 255
            for image in file["image"]
        ]
    model = openvino.Core().read_model(source)
    small = nncf.quantize(model, nncf.Dataset(batches), subset_size=len(batches))
    openvino.save_model(small, target)


if __name__ == "__main__":
    main(*sys.argv[1:])
