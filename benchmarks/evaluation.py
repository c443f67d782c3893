"""Seconds to score a folder of label PNGs: `evaluate` and Cityscapes' own evaluator, in turn.

    python benchmarks/evaluation.py [--images 6] [--rounds 3] [--official PYTHON]

Drawn streets, four times as large (1024 x 2048), with instances drawn from connected regions, and
answers that are right on nine of ten blocks. Both read the same files; importing is not counted.
Prints JSON; both means are printed so that one sees that they scored the same.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import label as connected

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.commands.parser import whole_number
from kerasseg.config import load_config
from kerasseg.data.catalog import Catalog, open_catalog
from kerasseg.errors import run_command
from kerasseg.evaluation.png_answers import PngAnswers
from kerasseg.evaluation.split import evaluate_split
from kerasseg.labels import cityscapes_labels
from kerasseg.streets.draw import draw_streets

LABELS = cityscapes_labels(void="background")
WITH_INSTANCES = range(24, 34)


def enlarge(path: Path) -> np.ndarray:
    with Image.open(path) as file:
        size = (file.width * 4, file.height * 4)
        large = file.resize(size, Image.Resampling.NEAREST)
    large.save(path)
    return np.asarray(large)


def prepare(root: Path, images: int) -> None:
    """Data in Cityscapes' layout below `root`, and answers in root/answers."""
    draw_streets(root, train=1, val=images, seed=0)
    (root / "answers").mkdir()
    rng = np.random.default_rng(0)
    for path in sorted((root / "gtFine" / "val").rglob("*_labelIds.png")):
        ids = enlarge(path)
        instances = ids.astype(np.uint16)
        for thing in WITH_INSTANCES:
            regions, _ = connected(ids == thing)
            instances = np.where(regions > 0, thing * 1000 + regions - 1, instances)
        name = path.name.removesuffix("_labelIds.png")
        Image.fromarray(instances.astype(np.uint16)).save(path.with_name(f"{name}_instanceIds.png"))
        blocks = rng.random((ids.shape[0] // 32, ids.shape[1] // 32)) < 0.1
        wrong = np.kron(blocks, np.ones((32, 32), bool))
        answer = LABELS.to_ids(LABELS.table[np.where(wrong, np.roll(ids, 300, axis=1), ids)])
        stem = name.removesuffix("_gtFine")
        Image.fromarray(answer).save(root / "answers" / f"{stem}_leftImg8bit.png")
    for path in (root / "leftImg8bit" / "val").rglob("*.png"):
        enlarge(path)


def ours(root: Path, catalog: Catalog) -> float:
    answers = PngAnswers(root / "answers", catalog, "val")
    return evaluate_split(answers, catalog, split="val", each_image=lambda done: None).overlap.miou


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=whole_number(1), default=6)
    parser.add_argument("--rounds", type=whole_number(1), default=3)
    parser.add_argument(
        "--official",
        metavar="PYTHON",
        default=sys.executable,
        help="interpreter that has cityscapesscripts (default: this one)",
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root, args.images)
        overrides = ["data.name=cityscapes", f"data.root={root}", f"data.cache_dir={root / 'c'}"]
        catalog = open_catalog(load_config(None, overrides), splits=("val",))
        worker = subprocess.Popen(
            [args.official, str(Path(__file__).with_name("official_worker.py")), str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        seconds = {"kerasseg": [], "official": []}
        for round_number in range(args.rounds + 1):
            start = time.perf_counter()
            miou = ours(root, catalog)
            own = time.perf_counter() - start
            print(file=worker.stdin, flush=True)
            answer = json.loads(worker.stdout.readline())
            if round_number:
                seconds["kerasseg"].append(own)
                seconds["official"].append(answer["seconds"])
        worker.stdin.close()
        worker.wait()
    ratios = [o / k for k, o in zip(seconds["kerasseg"], seconds["official"], strict=True)]
    report = {
        "images": args.images,
        "size": [1024, 2048],
        "rounds": args.rounds,
        "numpy": {"kerasseg": np.__version__, "official": answer["numpy"]},
        "official counts with": answer["counts with"],
        "miou": {"kerasseg": miou, "official": answer["miou"]},
        "seconds": {n: {"min": min(s), "median": statistics.median(s)} for n, s in seconds.items()},
        "official / kerasseg, median of the pairs": round(statistics.median(ratios), 2),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
