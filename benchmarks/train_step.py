"""Seconds and memory of a training step, in turns, beside PyTorch.

    python benchmarks/train_step.py ours/full/float32 torch/full/float32

A candidate is ours/VARIANT/PRECISION[/jit], or torch/VARIANT/PRECISION[/compile] if
benchmarks/peers/setup.py was run. VARIANT: plain (cross entropy alone), boundary, sampled and
closed_form (with the variance), full (boundary weight and sampled variance), full_closed_form;
torch has plain, sampled and full. PRECISION: float32, mixed_bfloat16 or mixed_float16 (torch:
autocast). For a GPU there is benchmarks/gpu.py.

Each candidate is a process of its own on the same batch of drawn streets; they take turns, A B A
B, so that a busy machine slows all of them alike. The input pipeline is left out. Prints JSON:
seconds a step, images a second, peak memory from the operating system, ratios to the first
candidate (median over the rounds of the ratio within a round).
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import HEAP, machine, ratios, say, take_turns

from kerasseg.commands.parser import whole_number
from kerasseg.errors import UserError, run_command

HERE = Path(__file__).resolve().parent
VARIANTS = {
    "ours": ("plain", "boundary", "sampled", "closed_form", "full", "full_closed_form"),
    "torch": ("plain", "sampled", "full"),
}
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16", "auto")
AUTOCAST = ("mixed_bfloat16", "mixed_float16")  # of PyTorch
DEFAULT = ["ours/plain/float32", "ours/full_closed_form/float32", "ours/full/float32"]
TOLERANCE = 1e-4  # relative, of losses and gradient on the same weights


def peers_python(folder: Path) -> Path:
    """The interpreter that benchmarks/peers/setup.py installed."""
    python = folder / "bin" / "python"
    if not python.exists():
        raise UserError(f"{folder}: no peers there; python benchmarks/peers/setup.py {folder}")
    return python


def draw_batch(path: Path, *, images: int, size: tuple[int, int], noise: bool = False) -> None:
    """npz of image uint8 (B, H, W, 3) and label uint8 (B, H, W), trainIds, 255 = void.

    noise: noise for the images. In a drawn sky all pixels are equal, and which of four equal ones
    gets the gradient of a max-pooling is up to the library.
    """
    import numpy as np
    from PIL import Image

    from kerasseg.labels import cityscapes_labels
    from kerasseg.streets.draw import draw_image

    table = cityscapes_labels(void="background").table
    pictures, labels = [], []
    for index in range(images):
        picture, label = (Image.fromarray(a) for a in draw_image(0, "train", index))
        pictures.append(np.asarray(picture.resize(size[::-1], Image.Resampling.BILINEAR)))
        labels.append(table[np.asarray(label.resize(size[::-1], Image.Resampling.NEAREST))])
    if noise:
        pictures = list(np.random.default_rng(0).integers(0, 256, (images, *size, 3), np.uint8))
    np.savez(path, image=np.stack(pictures), label=np.stack(labels))


def parse(candidate: str) -> tuple[str, str, str, list[str]]:
    """(who, variant, precision, the rest); raises UserError if there is no such candidate."""
    if candidate.count("/") < 2:
        raise UserError(f"{candidate}: expected WHO/VARIANT/PRECISION, such as {DEFAULT[0]}")
    who, variant, precision, *extra = candidate.split("/")
    if who not in VARIANTS:
        raise UserError(f"{candidate}: found {who}, allowed: {', '.join(VARIANTS)}")
    if who == "torch" and precision == "auto":
        raise UserError(f"{candidate}: found auto, allowed: float32, {', '.join(AUTOCAST)}")
    if variant not in VARIANTS[who]:
        raise UserError(f"{candidate}: found {variant}, allowed: {', '.join(VARIANTS[who])}")
    if precision not in PRECISIONS:
        raise UserError(f"{candidate}: found {precision}, allowed: {', '.join(PRECISIONS)}")
    return who, variant, precision, extra


def command(candidate: str, *, batch: Path, width: int, threads: int, peers: Path) -> list:
    """The command line of a worker."""
    who, variant, precision, extra = parse(candidate)
    shared = ["--batch", batch, "--width", width, "--variant", variant, "--threads", threads]
    if who == "ours":
        jit = str("jit" in extra).lower()
        settings = [f"train.precision={precision}", f"train.jit={jit}"]
        settings += [setting for setting in extra if "=" in setting]
        return [sys.executable, HERE / "train_worker.py", *shared, "--set", *settings]
    options = ["--autocast", precision] if precision in AUTOCAST else []
    options += ["--compile"] if "compile" in extra else []
    return [peers_python(peers), HERE / "peers" / "torch_train.py", *shared, *options]


def check_same(folder: Path, *, peers: Path) -> dict:
    """Losses and gradient of both nets on the same weights, batch and dropout masks."""
    batch, weights = folder / "small.npz", folder / "weights.npz"
    draw_batch(batch, images=2, size=(64, 128), noise=True)
    found = {}
    for who in ("ours", "torch"):
        line = command(f"{who}/full/float32", batch=batch, width=8, threads=2, peers=peers)
        at = len(line) if who == "torch" else line.index("--set")
        line[at:at] = ["--check", weights]
        answer = subprocess.run([str(p) for p in line], check=True, capture_output=True, text=True)
        found[who] = json.loads(answer.stdout.splitlines()[-1])
    for name, value in found["ours"].items():
        if abs(found["torch"][name] - value) > TOLERANCE * abs(value):
            sys.exit(f"not the same {name}: {found}")
    return found


def options_parser(description: str, *, size: tuple[int, int]) -> argparse.ArgumentParser:
    """With the options of every measurement of a net in turns. size: the default."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("--width", type=positive, default=64)
    parser.add_argument("--size", type=positive, nargs=2, default=size, metavar=("H", "W"))
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument(
        "--patience", type=float, default=10, help="minutes to wait for a machine that is quiet"
    )
    parser.add_argument("--peers", type=Path, default=HERE / ".peers")
    return parser


def main() -> None:
    parser = options_parser(__doc__, size=(256, 512))
    parser.add_argument("candidates", nargs="*", default=DEFAULT)
    parser.add_argument("--batch", type=whole_number(1), default=2)
    args = parser.parse_args()
    for candidate in args.candidates:
        parse(candidate)
    with tempfile.TemporaryDirectory() as folder:
        report = {"machine": machine(), "shape": {"width": args.width, "batch": args.batch}}
        report["shape"] |= {"size": args.size, "threads": args.threads, "rounds": args.rounds}
        if any(c.startswith("torch/") for c in args.candidates):
            report["same weights, batch and masks"] = check_same(Path(folder), peers=args.peers)
            say("both nets compute the same losses and gradient")
        batch = Path(folder) / "batch.npz"
        draw_batch(batch, images=args.batch, size=tuple(args.size))
        shared = {"batch": batch, "width": args.width, "threads": args.threads}
        commands = {
            c: (command(c, **shared, peers=args.peers), HEAP if c.startswith("torch/") else {})
            for c in args.candidates
        }
        workers = take_turns(commands, rounds=args.rounds, patience=args.patience)
    counts = {worker.facts["parameters"] for worker in workers.values()}
    if len(counts) > 1:
        sys.exit(f"not the same number of parameters: {counts}")
    base = workers[args.candidates[0]]
    report["candidates"] = {}
    for name, worker in workers.items():
        entry = worker.report()
        entry["images_a_second"] = round(args.batch / entry["seconds"], 3)
        entry |= ratios(worker, base)
        report["candidates"][name] = entry
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
