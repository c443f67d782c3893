"""Labels very many images on the machines of a Ray cluster, or on the cores of this one:

    python examples/ray_predict.py exports/streets photos --out labelled [--workers 4]

Writes what `python -m kerasseg predict` writes, byte for byte. Needs `ray[data]` beside the
packages of the project; `--address auto` joins a cluster that is running, where the model, the
images and DIR have to be under the same paths on all machines. What is there already is not done
again, so a run that was stopped goes on. Exit status: 0 done; 1 some images failed, they are
listed; 2 something to mend.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from kerasseg.cli import run_command, whole_number  # noqa: E402
from kerasseg.errors import UserError  # noqa: E402
from kerasseg.inference.image_file import read_image  # noqa: E402
from kerasseg.inference.image_search import RESULTS, find_images  # noqa: E402
from kerasseg.inference.opening import find_model  # noqa: E402


class Labeller:
    """Held by each worker, with a session of its own: paths in, an error or "" for each out."""

    def __init__(self, model: str, out: str, threads: int):
        from kerasseg.inference.onnx_predictor import OnnxPredictor

        self._predictor = OnnxPredictor(Path(model), threads=threads)
        self._out = Path(out)

    def __call__(self, batch: dict) -> dict:
        errors = []
        for path in map(Path, batch["path"]):
            try:
                pixels = read_image(path)
                self._predictor.predict(pixels).save(self._out, path.stem, image=pixels)
                errors.append("")
            except UserError as error:
                errors.append(str(error))
        return {"path": list(batch["path"]), "error": errors}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="an export or an .onnx file")
    parser.add_argument("images", nargs="+", help="an image, a folder or a pattern in quotes")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=whole_number(1), default=2)
    parser.add_argument("--threads", type=whole_number(1), default=1, help="of each worker")
    parser.add_argument("--batch", type=whole_number(1), default=8, help="images a task")
    parser.add_argument("--address", help="of a Ray cluster; default: this machine alone")
    args = parser.parse_args()
    model = args.model if args.model.is_file() else args.model / "latest" / "model.onnx"
    if find_model(model)[0] != "onnx":
        raise UserError(f"{args.model}: not an .onnx file, nor an export that holds one")
    images = find_images(args.images, out=args.out)
    twice = [stem for stem, count in Counter(p.stem for p in images).items() if count > 1]
    if twice:
        raise UserError(f"{twice[0]}: the name of several images; label each folder into its own")
    # The three files of an image are renamed in this order: the last one stands for all.
    left = [p for p in images if not (args.out / f"{p.stem}_{RESULTS[-1]}.png").exists()]
    failed = label(left, model=model.resolve(), args=args) if left else []
    for line in failed:
        print(f"error: {line}", file=sys.stderr)
    print(f"{args.out}: {len(images) - len(failed)} of {len(images)} images")
    return 1 if failed else 0


def label(images: list[Path], *, model: Path, args: argparse.Namespace) -> list[str]:
    """Runs the workers; a line for each image that failed."""
    import ray
    import ray.data

    environment = {"env_vars": {"PYTHONPATH": str(PROJECT)}}
    ray.init(address=args.address, runtime_env=environment, include_dashboard=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        paths = [{"path": str(path.resolve())} for path in images]
        dataset = ray.data.from_items(paths, override_num_blocks=-(-len(paths) // args.batch))
        done = dataset.map_batches(
            Labeller,
            fn_constructor_args=(str(model), str(args.out.resolve()), args.threads),
            batch_size=args.batch,
            num_cpus=args.threads,
            compute=ray.data.ActorPoolStrategy(size=args.workers),
        )
        return [row["error"] for row in done.iter_rows() if row["error"]]
    finally:
        ray.shutdown()


if __name__ == "__main__":
    sys.exit(run_command(main))
