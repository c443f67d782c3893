"""Images a second of the input pipeline alone: python benchmarks/input.py png packed

Pairs of 2048 x 1024 (drawn streets, made larger, with noise like a sensor's) are read, cropped to
0.625 of the side, resized to 512 x 1024 and put into batches of 2:

    png              this project, from PNG files
    packed           this project, from packed shards
    png_pasted       as png, with 0 to 6 unknown pieces in an image (augment.unknown)
    packed_pasted    as packed, with them
    torch            a DataLoader of PyTorch, OpenCV decodes and resizes
    torch_reference  the same with Pillow, and with the boundaries that the loss needs found by
                     scikit-image, also on the CPU (ours finds them in the training step)

Each is a process of its own; they take turns. Everything is in the page cache. torch's two need
benchmarks/peers/setup.py. Prints JSON: images a second, and the ratio to the first one named
(median over the rounds of the ratio within a round).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image
from train_step import peers_python
from turns import machine, take_turns

from kerasseg.commands.parser import whole_number
from kerasseg.errors import run_command
from kerasseg.files import temporary_folder
from kerasseg.streets.draw import draw_streets

HERE = Path(__file__).resolve().parent
NATIVE, WORKING, CROP = (1024, 2048), (512, 1024), 0.625
BATCH = 2
PASTED = "_pasted"
OURS = ("png", "packed", f"png{PASTED}", f"packed{PASTED}")
PEERS = ("torch", "torch_reference")


def make_pairs(root: Path, *, count: int) -> None:
    """`count` training pairs at Cityscapes' size, and one for validation."""
    rng = np.random.default_rng(0)
    with temporary_folder(root.parent) as building:
        draw_streets(building, train=count, val=1, seed=0)
        for path in sorted(building.rglob("*.png")):
            labels = not path.name.endswith("_leftImg8bit.png")
            how = Image.Resampling.NEAREST if labels else Image.Resampling.BICUBIC
            with Image.open(path) as file:
                large = file.resize(NATIVE[::-1], how)
            if not labels:  # about the 2.3 MB of a file of Cityscapes
                noisy = np.asarray(large).astype(np.int16) + rng.integers(-2, 3, (*NATIVE, 1))
                large = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
            large.save(path)
        building.rename(root)


def pack(files: Path, packed: Path, *, cache: Path) -> float:
    """Packs the training pairs; seconds, with the start of the program."""
    command = [sys.executable, "-m", "kerasseg", "pack", files, packed, "--splits", "train"]
    started = time.perf_counter()
    subprocess.run(
        [*command, f"data.cache_dir={cache}"],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
    )
    return time.perf_counter() - started


def command(name: str, folder: Path, *, steps: int, workers: int, peers: Path):
    """(command line, environment variables) of a worker."""
    tail = ["--steps", steps, "--workers", workers]
    if name in OURS:
        root = folder / ("files" if name.startswith("png") else "packed")
        tail += ["--unknown", 6] if name.endswith(PASTED) else []
        return [sys.executable, HERE / "input_worker.py", root, *tail], {}
    tail += ["--reference"] if name == "torch_reference" else []
    return [peers_python(peers), HERE / "peers" / "torch_loader.py", folder / "files", *tail], {}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("inputs", nargs="*", metavar="INPUT", help="default: png packed")
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--images", type=positive, default=12)
    parser.add_argument("--steps", type=positive, default=20, help="batches a round; packed: 5x")
    parser.add_argument("--workers", type=positive, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, help="keep the data there, or use what is there")
    parser.add_argument("--peers", type=Path, default=HERE / ".peers")
    args = parser.parse_args()
    names = args.inputs or ["png", "packed"]
    for name in names:
        if name not in OURS + PEERS:
            parser.error(f"{name}: allowed: {', '.join(OURS + PEERS)}")
    report = {"machine": machine(), "native": NATIVE, "crop_scale": CROP, "working": WORKING}
    report |= {"rounds": args.rounds, "workers": args.workers}
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        files, packed = folder / "files", folder / "packed"
        if not files.exists():
            make_pairs(files, count=args.images)
        if any(name.startswith("packed") for name in names):
            seconds = pack(files, packed, cache=folder / "cache")
            report["seconds_to_pack_with_start"] = round(seconds, 1)
        steps = {n: args.steps * (5 if n.startswith("packed") else 1) for n in names}
        options = {"workers": args.workers, "peers": args.peers}
        commands = {name: command(name, folder, steps=steps[name], **options) for name in names}
        # A loader's own processes look like other programs: no round is taken again for them.
        workers = take_turns(commands, rounds=args.rounds, quiet=1.0)
        sizes = {
            root.name: sum(p.stat().st_size for p in root.rglob("*") if p.is_file())
            for root in (files, packed)
            if root.exists()
        }
    speeds = {
        name: [steps[name] * BATCH / turn.seconds for turn in worker.turns]
        for name, worker in workers.items()
    }
    first = speeds[names[0]]
    report["images_a_second"] = {
        name: {
            "median": round(statistics.median(own), 1),
            "best": round(max(own), 1),
            "ratio": round(statistics.median(a / b for a, b in zip(own, first, strict=True)), 2),
        }
        for name, own in speeds.items()
    }
    report["megabytes"] = {name: round(size / 1e6, 1) for name, size in sizes.items()}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
