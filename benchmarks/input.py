"""Images a second of the input pipeline alone: python benchmarks/input.py

Pairs of 2048 x 1024 (drawn streets, made larger, with noise like a sensor's) are read from PNG
files and from packed shards, cropped to 0.625 of the side, resized to 512 x 1024 and put into
batches of 2; the two take turns, round after round. Prints JSON: images a second (median and best
round) and the ratio, as the median over the rounds. Everything is in the page cache.
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

from kerasseg.cli import load_tensorflow, whole_number
from kerasseg.config import load_config
from kerasseg.data.streets.draw import draw_streets

PROJECT = Path(__file__).resolve().parents[1]
NATIVE, WORKING, CROP = (1024, 2048), (512, 1024), 0.625


def make_pairs(root: Path, *, count: int) -> None:
    """`count` training pairs at Cityscapes' size, and one for validation."""
    draw_streets(root, train=count, val=1, seed=0)
    rng = np.random.default_rng(0)
    for path in sorted(root.rglob("*.png")):
        labels = not path.name.endswith("_leftImg8bit.png")
        how = Image.Resampling.NEAREST if labels else Image.Resampling.BICUBIC
        with Image.open(path) as file:
            large = file.resize(NATIVE[::-1], how)
        if not labels:  # about the 2.3 MB of a file of Cityscapes
            noisy = np.asarray(large).astype(np.int16) + rng.integers(-2, 3, (*NATIVE, 1))
            large = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        large.save(path)


def training_input(root: Path, folder: Path, *, steps: int, workers: int | None):
    """The pipeline of a training on `root`, one epoch of `steps` batches of 2."""
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.curriculum import Epoch, Plan
    from kerasseg.data.decode import Decoder
    from kerasseg.data.pipeline import TrainingInput

    settings = ["data.name=cityscapes", f"data.root={root}", f"data.cache_dir={folder}/cache"]
    catalog = open_catalog(load_config(None, settings), splits=("train",))
    return TrainingInput(
        decoder=Decoder(catalog, "train", cache="none", cache_dir=folder),
        samples=len(catalog.splits["train"]),
        plan=Plan((Epoch(stage=0, crop_scale=CROP, first_step=0, steps=steps),)),
        image_size=WORKING,
        batch_size=2,
        seed=0,
        workers=workers,
    )


def images_a_second(make, *, steps: int) -> float:
    """Of one pass; the first two batches, which fill the pipeline, are not in it."""
    iterator = iter(make.from_step(0))
    next(iterator), next(iterator)
    start = time.perf_counter()
    for batch in iterator:
        batch["image"].numpy()
    return (steps - 2) * 2 / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    positive = whole_number(1)
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--images", type=positive, default=12)
    parser.add_argument("--steps", type=whole_number(4), default=20)
    parser.add_argument("--workers", type=positive, default=None)
    parser.add_argument("--folder", type=Path, help="keep the data there, or use what is there")
    args = parser.parse_args()
    load_tensorflow()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        files, packed = folder / "files", folder / "packed"
        if not files.exists():
            make_pairs(files, count=args.images)
        command = [sys.executable, "-m", "kerasseg", "pack", files, packed, "--splits", "train"]
        started = time.perf_counter()
        subprocess.run(
            [*command, f"data.cache_dir={folder}/cache"],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )
        packing = time.perf_counter() - started
        # A peer is one entry more: name -> a callable that gives images a second of one pass.
        steps = {"png": args.steps, "packed": 5 * args.steps}
        inputs = {
            name: training_input(root, folder, steps=steps[name], workers=args.workers)
            for name, root in (("png", files), ("packed", packed))
        }
        speeds: dict[str, list[float]] = {name: [] for name in inputs}
        for round_number in range(args.rounds + 1):
            for name, make in inputs.items():
                speed = images_a_second(make, steps=steps[name])
                if round_number:  # the first warms up
                    speeds[name].append(speed)
        sizes = {
            name: sum(p.stat().st_size for p in root.rglob("*") if p.is_file())
            for name, root in (("png", files), ("packed", packed))
        }
    ratios = [p / f for p, f in zip(speeds["packed"], speeds["png"], strict=True)]
    report = {
        "native": NATIVE,
        "crop_scale": CROP,
        "working": WORKING,
        "rounds": args.rounds,
        "cores": os.cpu_count(),
        "images_a_second": {
            name: {"median": round(statistics.median(s), 1), "best": round(max(s), 1)}
            for name, s in speeds.items()
        },
        "packed_to_png": round(statistics.median(ratios), 2),
        "packed_to_png_by_round": [round(ratio, 2) for ratio in ratios],
        "megabytes": {name: round(size / 1e6, 1) for name, size in sizes.items()},
        "seconds_to_pack_with_start": round(packing, 1),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
