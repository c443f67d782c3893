"""Seconds and memory of one image through every form of the model, in turns, beside PyTorch.

    python benchmarks/inference.py --size 512 1024
    python benchmarks/inference.py --size 512 1024 --forms torch onnx onnx_int8 torch_onnx openvino

One net, with the statistics of drawn streets: as the Keras serving graph (`keras_labels`: its
labels alone), as SavedModel, as ONNX file in ONNX Runtime (float32 and INT8) and in OpenVINO
(float32); and its weights in eager PyTorch (channels-last, inference mode) and in the ONNX file
that PyTorch writes, in ONNX Runtime. Ours answer with labels, confidence and uncertainty of a uint8
image; PyTorch with the labels alone, its ONNX file with the logits alone. Each form is a process
of its own; they take turns. Prints JSON: seconds, peak memory from the operating system, bytes a
pixel over what the process had before the first image, the share of pixels labelled as the first
form does, and ratios to it (median over the rounds of the ratio within a round). PyTorch's two and
OpenVINO need benchmarks/peers/setup.py.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from train_step import draw_batch, options_parser, peers_python
from turns import HEAP, machine, ratios, take_turns

from kerasseg.errors import UserError, run_command

HERE = Path(__file__).resolve().parent
OURS = ["keras", "keras_labels", "savedmodel", "onnx", "onnx_int8"]
PEERS = ["torch", "torch_onnx", "openvino"]


def make_files(folder: Path, shared: list, *, forms: list[str], peers: Path) -> None:
    """The net in the formats that the forms need."""
    line = [sys.executable, HERE / "inference_models.py", folder, *shared]
    line += [] if "onnx_int8" in forms else ["--no-int8"]
    subprocess.run([str(part) for part in line], check=True, stdout=subprocess.DEVNULL)
    if "torch_onnx" in forms:
        script = HERE / "peers" / "torch_inference.py"
        line = [peers_python(peers), script, folder, *shared, "--write-onnx"]
        subprocess.run([str(part) for part in line], check=True, stdout=subprocess.DEVNULL)


def command(form: str, folder: Path, shared: list, *, threads: int, peers: Path):
    """(command line, environment variables) of a worker."""
    tail = [folder, *shared, "--threads", threads]
    if form == "torch":
        return [peers_python(peers), HERE / "peers" / "torch_inference.py", *tail], HEAP
    if form == "openvino":
        return [peers_python(peers), HERE / "peers" / "openvino_inference.py", *tail], {}
    return [sys.executable, HERE / "inference_worker.py", "--form", form, *tail], {}


def agreement(folder: Path, form: str, reference: str) -> float:
    """Share of pixels with the label that `reference` gives."""
    import numpy as np

    ours, theirs = (np.load(folder / f"labels_{name}.npy") for name in (form, reference))
    return round(float((ours == theirs).mean()), 6)


def main() -> None:
    parser = options_parser(__doc__, size=(512, 1024))
    parser.add_argument("--forms", nargs="+", default=OURS, choices=[*OURS, *PEERS])
    args = parser.parse_args()
    height, width = args.size
    if height % 16 or width % 16:
        raise UserError("--size: the PyTorch net takes multiples of 16 alone")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_batch(folder / "batch.npz", images=2, size=(height, width))
        shared = ["--batch", folder / "batch.npz", "--width", args.width]
        make_files(folder, shared, forms=args.forms, peers=args.peers)
        options = {"threads": args.threads, "peers": args.peers}
        commands = {form: command(form, folder, shared, **options) for form in args.forms}
        workers = take_turns(commands, rounds=args.rounds, patience=args.patience)
        report = {"machine": machine(), "width": args.width, "size": args.size}
        report |= {"threads": args.threads, "rounds": args.rounds, "forms": {}}
        base = workers[args.forms[0]]
        for form, worker in workers.items():
            entry = worker.report()
            used = worker.peak_bytes - worker.facts["before_bytes"]
            entry["bytes_a_pixel"] = round(used / (height * width))
            entry |= ratios(worker, base)
            entry["labels_as_first"] = agreement(folder, form, args.forms[0])
            report["forms"][form] = entry
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
