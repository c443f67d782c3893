"""Seconds of a training step, variant beside variant: python benchmarks/train_step.py

All variants are built first and timed in turn, round after round, so that a busy machine slows
all of them alike. The input pipeline is left out: each variant repeats one batch of drawn streets.
Prints JSON: seconds a step (min and median of the rounds) and the ratio of the minima to `plain`.
"""

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.cli import load_tensorflow, whole_number
from kerasseg.config import load_config
from kerasseg.data.streets.draw import draw_streets

PLAIN = ["model.padding=zero", "loss.boundary_weight=1", "loss.uncertainty_weight=0"]


def variants(width: int) -> dict[str, list[str]]:
    """Name -> settings over those of `plain`: the cross entropy alone, float32, no XLA."""
    return {
        "plain": [],
        "mixed_bfloat16": ["train.precision=mixed_bfloat16"],
        "xla": ["train.jit=true"],
        "pixel_shuffle": ["model.upsampling=pixel_shuffle"],
        "reflect": ["model.padding=reflect"],
        "boundary": ["loss.boundary_weight=2"],
        "sampled": ["loss.uncertainty_weight=0.5"],
        "closed_form": ["loss.uncertainty_weight=0.5", "loss.variance=closed_form"],
        "wider": [f"model.width={width * 3 // 2}"],
    }


def prepare(settings: list[str]):
    """A callable that runs one training step of these settings and waits for it."""
    from kerasseg.data.catalog import open_catalog
    from kerasseg.training.device import pick_device
    from kerasseg.training.session import build_session
    from kerasseg.training.step import compile_step

    config = load_config(None, settings)
    device = pick_device(precision=config.train.precision, jit=config.train.jit)
    session = build_session(config, open_catalog(config), device)
    step = compile_step(session.segmenter, jit=device.jit)
    batch = next(iter(session.input_for(session.plan()).from_step(0)))
    return lambda: float(step(batch)["loss"])


def measure(steps: dict, *, rounds: int) -> dict[str, list[float]]:
    """Seconds of each variant in each round; a round is two steps of each."""
    seconds = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            step()
            seconds[name].append((time.perf_counter() - start) / 2)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = list(variants(16))
    positive = whole_number(1)
    parser.add_argument("--width", type=positive, default=16)
    parser.add_argument("--batch", type=positive, default=4)
    parser.add_argument("--size", type=positive, nargs=2, default=[128, 256], metavar=("H", "W"))
    parser.add_argument("--rounds", type=positive, default=4)
    parser.add_argument("--variants", nargs="+", default=known, choices=known)
    args = parser.parse_args()
    load_tensorflow()
    # It takes several variants for one function that is traced again and again.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "streets"
        draw_streets(root, train=args.batch, val=1, seed=0)
        shared = [
            *PLAIN,
            f"data.root={root}",
            f"data.cache_dir={folder}/cache",
            f"data.image_size={args.size}",
            f"model.width={args.width}",
            f"train.batch_size={args.batch}",
            "train.precision=float32",
            "train.jit=false",
            "train.stages=[{crop_scale: 1.0, epochs: 1}]",
        ]
        steps = {}
        for name in args.variants:
            steps[name] = prepare([*shared, *variants(args.width)[name]])
            steps[name]()  # traces and compiles
        measure(steps, rounds=1)  # warms up
        seconds = measure(steps, rounds=args.rounds)
    report = {name: {"min": min(s), "median": statistics.median(s)} for name, s in seconds.items()}
    if "plain" in report:
        for entry in report.values():
            entry["ratio"] = entry["min"] / report["plain"]["min"]
    report = {n: {k: round(v, 3) for k, v in entry.items()} for n, entry in report.items()}
    shape = {"width": args.width, "batch": args.batch, "size": args.size, "rounds": args.rounds}
    print(json.dumps({"cores": os.cpu_count(), **shape, "seconds_a_step": report}, indent=2))


if __name__ == "__main__":
    main()
