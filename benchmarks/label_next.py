"""What `predict --rank` is worth: 100 labelled images, and which 100 more?

    python benchmarks/label_next.py data/camvid --out runs/label_next --seed 0 train.steps=1000

Trains on --first images drawn at random, lets that net rank the rest of the training images, and
trains again from the start with the first --next of that list, and with as many drawn at random.
Each training has the same settings and sees as many images. Prints JSON: the mean IoU and the IoU
of each class of the three, and how many images both choices share. The same call goes on where it
was stopped.
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from camvid_subset import train_names, write_subset

PROJECT = Path(__file__).resolve().parents[1]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path, help="holds train/, trainannot/, val/ and valannot/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--next", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--config", default="camvid")
    parser.add_argument("settings", nargs="*", metavar="key=value")
    return parser.parse_intermixed_args()


def call(*arguments) -> None:
    line = [sys.executable, "-m", "kerasseg", *map(str, arguments)]
    subprocess.run(line, cwd=PROJECT, check=True, stdout=sys.stderr)


def train(args, name: str, images: list[str]) -> Path:
    """The run directory of a net trained on `images`."""
    folder, run = args.out / name, args.out / f"{name}-run"
    if not folder.exists():
        write_subset(args.root, folder, images)
    settings = [f"data.root={folder}", f"run_dir={run}", f"seed={args.seed}", *args.settings]
    call("train", "--config", args.config, *settings)
    return run


def rank(args, run: Path, rest: list[str]) -> list[str]:
    """`rest`, those most worth a label first."""
    table = args.out / "ranked.csv"
    if not table.exists():
        call("predict", run, *(args.root / "train" / name for name in rest), "--rank", table)
    with table.open(newline="", encoding="utf-8") as stream:
        return [Path(row["image"]).name for row in csv.DictReader(stream)]


def main() -> None:
    args = parse()
    args.root, args.out = args.root.resolve(), args.out.resolve()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(args.seed)
    names = [str(name) for name in rng.permutation(train_names(args.root))]
    first, rest = names[: args.first], names[args.first :]
    run = train(args, "first", first)
    chosen = {"ranked": rank(args, run, rest)[: args.next], "random": rest[: args.next]}
    runs = {"first": run} | {
        name: train(args, name, first + images) for name, images in chosen.items()
    }
    common = len(set(chosen["ranked"]) & set(chosen["random"]))
    answer = {"seed": args.seed, "in_both": common}
    for name, run in runs.items():
        scores = json.loads((run / "metrics.json").read_text())
        classes = {key: value["iou"] for key, value in scores["classes"].items()}
        answer[name] = {"miou": scores["miou"], "classes": classes}
    print(json.dumps(answer))


if __name__ == "__main__":
    sys.exit(main())
