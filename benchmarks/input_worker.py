"""Worker: passes over the training input of this project. Started by benchmarks/input.py."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import serve

from kerasseg.backend import load_tensorflow
from kerasseg.errors import run_command


def prepare(args, folder: Path):
    """One call is one pass, from an empty pipeline to the last batch."""
    from input import BATCH, CROP, WORKING

    from kerasseg.config import load_config

    load_tensorflow()
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.curriculum import Epoch, Plan
    from kerasseg.data.pipeline import TrainingInput
    from kerasseg.data.pixels import Decoder
    from kerasseg.data.working_scale import WorkingScale

    settings = ["data.name=cityscapes", f"data.root={args.root}", f"data.cache_dir={folder}"]
    catalog = open_catalog(load_config(None, settings), splits=("train",))
    source = TrainingInput(
        decoder=Decoder(catalog, "train", cache="none", cache_dir=folder),
        samples=len(catalog.splits["train"]),
        plan=Plan((Epoch(stage=0, crop_scale=CROP, first_step=0, steps=args.steps),)),
        scale=WorkingScale(WORKING, catalog.native_size),
        batch_size=BATCH,
        seed=0,
        workers=args.workers,
        unknown=args.unknown,
    )
    batches = source.from_step(0)

    def one_pass():
        for batch in batches:
            batch["image"].numpy()

    return one_pass, {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--unknown", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        serve(lambda: prepare(args, Path(folder)), warmup=1)


if __name__ == "__main__":
    sys.exit(run_command(main))
