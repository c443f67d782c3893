"""Seconds and memory of writing a net to each format, in turns, beside PyTorch's ONNX exporter.

    python benchmarks/export.py
    python benchmarks/export.py --forms torch_onnx onnx savedmodel onnx_int8

One net of random weights. Each format is a process of its own that has the net loaded; they take
turns. `onnx_int8` is made out of an ONNX file and two images of the size. Nothing is checked
here: `export.py` answers some images with every file it wrote before it puts them in place, and
that takes longer than writing. Prints JSON: seconds, peak memory, the size of the file, ratios to
the first form. PyTorch needs benchmarks/peers/setup.py.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from train_step import draw_batch, peers_python
from turns import machine, ratios, serve, take_turns

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import whole_number
from kerasseg.errors import run_command

HERE = Path(__file__).resolve().parent
FILES = {
    "savedmodel": "savedmodel",
    "onnx": "model.onnx",
    "onnx_int8": "model.int8.onnx",
    "torch_onnx": "torch.onnx",
}


def file_bytes(path: Path) -> int:
    """Of a file, or of all files of a folder."""
    return sum(f.stat().st_size for f in [path, *path.rglob("*")] if f.is_file())


def prepare(args):
    """One call writes the file of `args.worker`."""
    load_tensorflow()
    import numpy as np
    from inference_models import build_graph, write_int8, write_onnx, write_saved_model

    folder = args.folder / args.worker
    folder.mkdir()
    with np.load(args.folder / "batch.npz") as file:
        images = file["image"]
    size = images.shape[1:3]
    net, _ = build_graph(width=args.width, size=size, weights=args.folder / "net.weights.h5")
    facts = {}
    if args.worker == "onnx_int8":
        write_onnx(net, folder, size=size)

    def call():
        if args.worker == "savedmodel":
            write_saved_model(net, folder, size=size)
        elif args.worker == "onnx":
            write_onnx(net, folder, size=size)
        else:
            write_int8(folder, images)
        facts["file_bytes"] = file_bytes(folder / FILES[args.worker])

    return call, facts


def command(form: str, args, folder: Path) -> list:
    if form == "torch_onnx":
        script = HERE / "peers" / "torch_inference.py"
        shared = ["--batch", folder / "batch.npz", "--width", args.width]
        return [peers_python(args.peers), script, folder, *shared, "--time-onnx"]
    own = [sys.executable, __file__, "--worker", form, "--folder", folder]
    return [*own, "--width", args.width]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    forms = list(FILES)
    parser.add_argument("--forms", nargs="+", default=forms[:3], choices=forms)
    parser.add_argument("--width", type=positive, default=64)
    parser.add_argument("--size", type=positive, nargs=2, default=[512, 1024], metavar=("H", "W"))
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument(
        "--patience", type=float, default=10, help="minutes to wait for a machine that is quiet"
    )
    parser.add_argument("--peers", type=Path, default=HERE / ".peers")
    parser.add_argument("--worker", choices=forms[:3], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        serve(lambda: prepare(args), warmup=0)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_batch(folder / "batch.npz", images=2, size=tuple(args.size))
        make_weights(folder, width=args.width)
        commands = {form: (command(form, args, folder), {}) for form in args.forms}
        workers = take_turns(commands, rounds=args.rounds, patience=args.patience)
    report = {"machine": machine(), "width": args.width, "size": args.size}
    report |= {"rounds": args.rounds, "forms": {}}
    for form, worker in workers.items():
        report["forms"][form] = {**worker.report(), **ratios(worker, workers[args.forms[0]])}
    print(json.dumps(report, indent=2))


def make_weights(folder: Path, *, width: int) -> None:
    load_tensorflow()
    import numpy as np
    from inference_models import settled_net

    with np.load(folder / "batch.npz") as file:
        settled_net(folder, file["image"], width=width)


if __name__ == "__main__":
    sys.exit(run_command(main))
