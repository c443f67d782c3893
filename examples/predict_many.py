"""Labels a very large folder of images with Ray Data: one process, many, or a cluster.

    python -m pip install "ray[data]>=2.60,<3"
    python examples/predict_many.py exports/streets/model.onnx IMAGES --out LABELS [--workers 8]

Each worker holds the ONNX file once and takes batches of paths; TensorFlow is not needed. Written
are label PNGs in the data set's own ids, the same bytes as `python -m kerasseg predict
--submission`. What is there already is left out, so the same command goes on after a stop. On a
cluster (`--address auto`) the model and both folders have to be where every node sees them.
Exit status: 0 done; 1 some images could not be read, they are listed; 2 something to mend.
"""

import argparse
import logging
import os
import sys
from collections import Counter
from pathlib import Path

import ray
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import kerasseg
from kerasseg.commands.parser import whole_number
from kerasseg.data.image_file import read_image
from kerasseg.errors import UserError, run_command
from kerasseg.inference.image_search import find_images
from kerasseg.inference.pictures import write_pictures


class Labeller:
    """A worker: opens the model once, then labels batches of paths."""

    def __init__(self, model: str, out: str, threads: int):
        self._predictor = kerasseg.load(model, threads=threads)
        self._out = Path(out)

    def __call__(self, batch: dict) -> dict:
        """{"path": names} to {"error": a text for each, empty if it went well}."""
        return {"error": [self._label(Path(str(path))) for path in batch["path"]]}

    def _label(self, path: Path) -> str:
        try:
            found = self._predictor.predict(read_image(path))
            write_pictures({self._out / f"{path.stem}.png": Image.fromarray(found.label_ids())})
        except UserError as error:
            return str(error)
        return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=whole_number(1), default=max(1, os.cpu_count() // 2))
    parser.add_argument("--threads", type=whole_number(1), default=2, help="of each worker")
    parser.add_argument("--address", help="of a running Ray cluster; without it, this machine")
    args = parser.parse_args()
    if args.model.suffix != ".onnx" or not args.model.is_file():
        raise UserError(f"{args.model}: expected an .onnx file that export.py wrote")
    images = find_images([str(args.images)], out=args.out)
    name, count = Counter(path.stem for path in images).most_common(1)[0]
    if count > 1:
        raise UserError(f"{args.images}: {count} images are named {name}, one label PNG for each")
    left = [path for path in images if not (args.out / f"{path.stem}.png").exists()]
    print(f"{len(images)} images, {len(images) - len(left)} labelled before")
    if not left:
        return 0
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    ray.init(address=args.address, log_to_driver=False, logging_level=logging.ERROR)
    try:
        paths = ray.data.from_items([{"path": str(path.resolve())} for path in left])
        done = paths.map_batches(
            Labeller,
            fn_constructor_args=[str(args.model.resolve()), str(args.out.resolve()), args.threads],
            batch_size=16,
            compute=ray.data.ActorPoolStrategy(size=args.workers),
            num_cpus=1,
        )
        failed = [row["error"] for row in done.iter_rows() if row["error"]]
    finally:
        ray.shutdown()
    for line in failed:
        print(f"error: {line}", file=sys.stderr)
    print(f"{len(left) - len(failed)} labelled, {len(failed)} failed: {args.out}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run_command(main))
