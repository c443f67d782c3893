"""Seconds to score a folder of label PNGs: `evaluate` and Cityscapes' own evaluator, in turn.

    python benchmarks/evaluation.py [--images 6] [--rounds 3]

Drawn streets, four times as large (1024 x 2048), with instances drawn from connected regions, and
answers that are right on nine of ten blocks. Both read the same files; importing is not counted.
Prints JSON; both means are printed so that one sees that they scored the same.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import label as connected

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.cli import whole_number
from kerasseg.config import load_config
from kerasseg.data.catalog import Catalog, open_catalog
from kerasseg.data.streets.draw import draw_streets
from kerasseg.evaluation import PngAnswers, evaluate_split
from kerasseg.labels import cityscapes_labels

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
    return evaluate_split(answers, catalog, split="val", each_image=lambda done: None)["miou"]


def official(module, root: Path) -> float:
    truth = sorted((root / "gtFine" / "val").rglob("*_labelIds.png"))
    answers = sorted((root / "answers").glob("*.png"))
    found = module.evaluateImgLists(
        [str(path) for path in answers], [str(path) for path in truth], module.args
    )
    return found["averageScoreClasses"]


def load_official():
    sys.argv = sys.argv[:1]  # it reads them while it is imported
    if not hasattr(np, "in1d"):  # NumPy 2.4 took away the old name
        setattr(np, "in1d", np.isin)  # noqa: B010
    from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as module

    module.args.quiet, module.args.JSONOutput, module.args.evalInstLevelScore = True, False, True
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=whole_number(1), default=6)
    parser.add_argument("--rounds", type=whole_number(1), default=3)
    args = parser.parse_args()
    module = load_official()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root, args.images)
        catalog = open_catalog(
            load_config(None, ["data.name=cityscapes", f"data.root={root}",
                               f"data.cache_dir={root / 'cache'}"]),
            splits=("val",),
        )  # fmt: skip
        ways = {"kerasseg": lambda: ours(root, catalog), "official": lambda: official(module, root)}
        seconds, miou = {name: [] for name in ways}, {}
        for round_number in range(args.rounds + 1):
            for name, way in ways.items():
                start = time.perf_counter()
                miou[name] = way()
                if round_number:
                    seconds[name].append(time.perf_counter() - start)
    ratios = [o / k for k, o in zip(seconds["kerasseg"], seconds["official"], strict=True)]
    report = {
        "images": args.images,
        "size": [1024, 2048],
        "rounds": args.rounds,
        "official counts with": "Cython" if module.CSUPPORT else "NumPy",
        "miou": miou,
        "seconds": {n: {"min": min(s), "median": statistics.median(s)} for n, s in seconds.items()},
        "official / kerasseg, median of the pairs": round(statistics.median(ratios), 2),
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
