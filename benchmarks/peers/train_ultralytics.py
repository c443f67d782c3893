"""Trains YOLO26n-sem of Ultralytics from scratch on CamVid, and scores it as ours is scored.

    python benchmarks/peers/train_ultralytics.py data/camvid --minutes 20 --json yolo.json

Runs in the project's own environment. `yolo`, of the environment of
benchmarks/peers/requirements.txt, is called as a program, with its defaults; it writes the labels
of the validation split at native size, and `kerasseg evaluate` scores those. It takes the budget
in hours, and stops after the batch that exceeds it. Its head answers at an eighth of --size and is
resized bilinearly to --size, from there by nearest to the native size: so --size is the native
one, unless given.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from turns import machine, say

from kerasseg.errors import UserError, run_command

PROJECT = Path(__file__).resolve().parents[2]
VOID = 11


def write_data_set(root: Path, folder: Path) -> Path:
    """CamVid under the names that Ultralytics looks for, as links; the YAML file that says so."""
    from kerasseg.labels import camvid_labels

    for split in ("train", "val"):
        for kind, source in (("images", split), ("masks", f"{split}annot")):
            (folder / kind / split).mkdir(parents=True)
            # Not the folder: that one would be resolved, and masks are found by the image's path.
            for path in (root / source).resolve().glob("*.png"):
                (folder / kind / split / path.name).symlink_to(path)
    names = dict(enumerate(camvid_labels(void="ignore").names))
    mapping = {**{i: i for i in names}, VOID: "ignore_label"}
    text = json.dumps(
        {
            "path": str(folder),
            "train": "images/train",
            "val": "images/val",
            "masks_dir": "masks",
            "names": names,
            "label_mapping": mapping,
        }
    )
    (folder / "camvid.yaml").write_text(text)  # JSON is YAML
    return folder / "camvid.yaml"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("root", type=Path, help="holds train/, trainannot/, val/ and valannot/")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--size", type=int, default=480, help="longer side of what the net sees")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--model", default="yolo26n-sem.yaml")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="of yolo's")
    parser.add_argument("--peers", type=Path, default=PROJECT / "benchmarks/.peers-segmentation")
    args = parser.parse_args()
    yolo = args.peers / "bin" / "yolo"
    if not yolo.exists():
        raise UserError(f"{args.peers}: no yolo there; see benchmarks/peers/requirements.txt")
    with tempfile.TemporaryDirectory() as name:
        report = compare(yolo, args, Path(name).resolve())
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps({k: report[k] for k in ("miou", "minutes", "epochs")}))


def compare(yolo: Path, args, folder: Path) -> dict:
    """Trains, predicts and scores; what `kerasseg evaluate` found, and how it came about."""
    data = write_data_set(args.root, folder)
    environment = {
        **os.environ,
        "YOLO_CONFIG_DIR": str(folder),
        "YOLO_OFFLINE": "true",
        "OMP_NUM_THREADS": str(args.threads),
        "OMP_WAIT_POLICY": "passive",
    }
    shared = [f"data={data}", f"imgsz={args.size}", f"batch={args.batch}", "device=cpu"]
    shared += [f"project={folder}", "plots=False"]

    def call(*words: str) -> None:
        line = [str(yolo), "semantic", *words, *shared]
        done = subprocess.run(line, env=environment, cwd=folder, stdout=sys.stderr, check=False)
        if done.returncode:
            raise UserError(f"{' '.join(line)}: ended with status {done.returncode}")

    start = time.perf_counter()
    call(
        "train",
        f"model={args.model}",
        f"time={args.minutes / 60}",
        "pretrained=False",
        f"seed={args.seed}",
        "name=run",
        *args.set,
    )
    minutes = (time.perf_counter() - start) / 60
    say(f"trained for {minutes:.1f} minutes")
    weights = folder / "run" / "weights" / "best.pt"
    call("val", f"model={weights}", "name=labels", "save_json=True")
    scores = folder / "scores.json"
    line = [sys.executable, "-m", "kerasseg", "evaluate", folder / "labels" / "results"]
    line += ["--json", scores, "--config", "configs/camvid.yaml"]
    line += [f"data.root={args.root.resolve()}", f"data.cache_dir={folder / 'cache'}"]
    subprocess.run([str(p) for p in line], cwd=PROJECT, check=True, stdout=sys.stderr)
    rows = (folder / "run" / "results.csv").read_text().splitlines()
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(args).items()}
    facts = {"settings": settings, "machine": machine(), "minutes": minutes}
    return {**facts, "epochs": len(rows) - 1, **json.loads(scores.read_text())}


if __name__ == "__main__":
    sys.exit(run_command(main))
