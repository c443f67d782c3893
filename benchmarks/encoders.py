"""Seconds and memory of a net with a deep encoder, in turns, beside PyTorch.

    python benchmarks/encoders.py train efficientnet_lite0 resnet50
    python benchmarks/encoders.py infer efficientnet_lite0 --batch 1

Ours against the U-Net of segmentation_models.pytorch on the same encoder (its decoder has the
same channels, but one convolution fewer at each doubling). train: a step of cross entropy on the
same batch of drawn streets, flipped at random. infer: labels of uint8 images; ours as live Keras
graph and as ONNX file in ONNX Runtime. Untrained weights.

torch/ENCODER/passive is the peer with OMP_WAIT_POLICY=passive: its threads sleep while they wait
for each other. By default they run in a loop, which takes ten times as long as the work where
other programs have a core. --set takes settings of ours, such as model.upsampling=resize.

Prints JSON: seconds, images a second, peak memory from the operating system, ratios to the faster
of the two peers. Needs the environment of benchmarks/peers/requirements.txt; --peers none leaves
PyTorch out.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from train_step import draw_batch
from turns import HEAP, machine, ratios, take_turns

from kerasseg.commands.parser import whole_number
from kerasseg.errors import UserError, run_command

HERE = Path(__file__).resolve().parent
ENCODERS = ("efficientnet_lite0", "resnet50")


def commands_of(encoder: str, args, *, batch: Path) -> dict:
    """name -> (command line, environment variables) of the workers, PyTorch's first."""
    shared = ["--batch", batch, "--threads", args.threads]
    found = {}
    if args.peers != Path("none"):
        python = args.peers / "bin" / "python"
        if not python.exists():
            raise UserError(f"{args.peers}: no peers there; see benchmarks/peers/requirements.txt")
        script = HERE / "peers" / "torch_encoder.py"
        line = [python, script, args.task, encoder, *shared]
        found[f"torch/{encoder}"] = (line, HEAP)
        found[f"torch/{encoder}/passive"] = (line, {**HEAP, "OMP_WAIT_POLICY": "passive"})
    settings = ["--set", f"model.encoder={encoder}", *args.set]
    if args.task == "train":
        line = [sys.executable, HERE / "train_worker.py", "--variant", "plain"]
        found[f"ours/{encoder}"] = ([*line, *shared, *settings], {})
    else:
        for form in ("keras", "onnx"):
            line = [sys.executable, HERE / "encoder_worker.py", form]
            found[f"ours/{encoder}/{form}"] = ([*line, *shared, *settings], {})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("task", choices=["train", "infer"])
    parser.add_argument("encoders", nargs="+", choices=ENCODERS)
    parser.add_argument("--size", type=positive, nargs=2, default=(192, 256), metavar=("H", "W"))
    parser.add_argument("--batch", type=positive, default=4)
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--calls", type=positive, default=3, help="of each in a round")
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument("--patience", type=float, default=10, help="minutes to wait for quiet")
    parser.add_argument("--set", nargs="*", default=[], metavar="key=value", help="of ours")
    parser.add_argument("--peers", type=Path, default=HERE / ".peers-segmentation")
    args = parser.parse_args()
    if any(side % 32 for side in args.size):
        raise UserError("--size: the PyTorch nets take multiples of 32 alone")
    report = {"machine": machine(), "task": args.task, "size": args.size, "batch": args.batch}
    report |= {"threads": args.threads, "rounds": args.rounds, "candidates": {}}
    with tempfile.TemporaryDirectory() as folder:
        batch = Path(folder) / "batch.npz"
        draw_batch(batch, images=args.batch, size=tuple(args.size))
        # An encoder at a time: more workers would not fit into memory side by side.
        for encoder in args.encoders:
            workers = take_turns(
                commands_of(encoder, args, batch=batch),
                rounds=args.rounds,
                calls=args.calls,
                patience=args.patience,
            )
            theirs = [w for name, w in workers.items() if name.startswith("torch/")]
            base = min(theirs or workers.values(), key=lambda w: w.report()["seconds"])
            for name, worker in workers.items():
                entry = worker.report()
                entry["images_a_second"] = round(args.batch / entry["seconds"], 3)
                report["candidates"][name] = entry | ratios(worker, base)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
