"""Installs what the benchmarks compare with: python benchmarks/peers/setup.py [FOLDER]

Makes a virtual environment of its own (default: benchmarks/.peers) with PyTorch, OpenVINO, its
quantiser nncf and what a DataLoader decodes with; nothing of it is needed to use the project. About
2 GB if --torch-index names the index of PyTorch's builds for the CPU; pip's own index has those
with CUDA.
"""

import argparse
import subprocess
import sys
import venv
from pathlib import Path

TORCH = "torch==2.13.0"
# onnx and onnxscript are what PyTorch writes ONNX files with.
OTHERS = (
    "numpy>=2.2,<2.5",
    "onnx>=1.19,<2",
    "onnxscript>=0.7,<1",
    "openvino>=2026.0,<2027",
    "nncf>=3.0,<4",
    "opencv-python-headless>=4.10,<5",
    "pillow>=11,<13",
    "scikit-image>=0.25,<1",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[1] / ".peers"
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--torch-index", metavar="URL", help="where PyTorch comes from")
    args = parser.parse_args()
    venv.create(args.folder, with_pip=True)
    pip = [args.folder / "bin" / "python", "-m", "pip", "install", "--quiet"]
    index = ["--index-url", args.torch_index] if args.torch_index else []
    subprocess.run([*pip, *index, TORCH], check=True)
    subprocess.run([*pip, *OTHERS], check=True)
    print(f"{args.folder}: ready")


if __name__ == "__main__":
    sys.exit(main())
