"""What a GPU makes of this project, in one file to send back.

    python benchmarks/gpu.py
    python benchmarks/gpu.py --width 64 --size 512 1024 --batch 8 --out gpu.json

Measures, one after the other, each in a process of its own that has the GPU to itself: a training
step in float32 and in mixed precision, with XLA and without; the same net and objective in PyTorch,
eager and with torch.compile, if PyTorch is installed here or by benchmarks/peers/setup.py; the
input pipeline alone; and one image through the serving graph, its labels alone, and the SavedModel.
What fails, for lack of memory for instance, is noted, and the rest goes on. Writes JSON, and prints
it as a table. Without a GPU it measures the CPU, and says so.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from train_step import command, draw_batch
from turns import machine, say, take_turns

from kerasseg.backend import load_tensorflow
from kerasseg.commands.parser import whole_number
from kerasseg.errors import UserError, run_command
from kerasseg.version import __version__

HERE = Path(__file__).resolve().parent
# The first is what `auto` is on a GPU with tensor cores.
OURS = (
    "ours/full/mixed_float16/jit",
    "ours/full_closed_form/mixed_float16/jit",
    "ours/full/mixed_float16",
    "ours/full/float32/jit",
    "ours/full/float32",
)
TORCH = (
    "torch/full/mixed_float16/compile",
    "torch/full/mixed_float16",
    "torch/full/float32/compile",
    "torch/full/float32",
)
AHEAD = 10  # steps that are handed over before one is waited for, as in a training


def describe() -> dict:
    """The GPUs that TensorFlow uses, and versions."""
    load_tensorflow()
    import keras
    import tensorflow as tf

    found = []
    for device in tf.config.list_physical_devices("GPU"):
        details = tf.config.experimental.get_device_details(device)
        capability = details.get("compute_capability", ())
        found.append(
            {
                "name": details.get("device_name", "unknown"),
                "compute_capability": ".".join(map(str, capability)),
            }
        )
    build = tf.sysconfig.get_build_info()
    return {
        "gpus": found,
        "driver": _driver(),
        "kerasseg": __version__,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "cuda": build.get("cuda_version"),
        "cudnn": build.get("cudnn_version"),
    }


def _driver() -> str | None:
    line = ["nvidia-smi", "--query-gpu=driver_version,memory.total", "--format=csv,noheader"]
    try:
        return subprocess.run(line, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def with_torch(peers: Path) -> Path | None:
    """The environment that has PyTorch, this one or that of the peers; None if there is none."""
    if find_spec("torch"):
        return Path(sys.prefix)
    return peers if (peers / "bin" / "python").exists() else None


def steps(args, folder: Path, peers: Path | None) -> dict:
    """{candidate: figures, or why there are none}."""
    batch = folder / "batch.npz"
    draw_batch(batch, images=args.batch, size=tuple(args.size))
    found = {}
    shared = {"batch": batch, "width": args.width, "threads": args.threads}
    for name in (*OURS, *(TORCH if peers else ())):
        line = command(name, **shared, peers=peers)
        at = line.index("--set") if "--set" in line else len(line)
        line[at:at] = ["--ahead", AHEAD]
        found[name] = _one(name, line, rounds=args.rounds)
        if seconds := found[name].get("seconds"):
            found[name]["seconds"] = seconds / AHEAD
            found[name]["images_a_second"] = round(args.batch * AHEAD / seconds, 2)
    return found


def _one(name: str, line: list, *, rounds: int) -> dict:
    try:
        workers = take_turns({name: ([*map(str, line)], {})}, rounds=rounds, patience=0)
    except SystemExit:
        return {"failed": "the worker ended; its message is above"}
    report = workers[name].report()
    kept = ("seconds", "fastest", "peak_mib", "gpu_mib", "precision", "jit", "device", "torch")
    return {key: report[key] for key in kept if key in report}


def script(name: str, *words: object) -> dict:
    """The JSON of another benchmark, or why there is none."""
    line = [sys.executable, str(HERE / name), *map(str, words)]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return {"failed": f"{name} ended with status {done.returncode}; its message is above"}
    return json.loads(done.stdout)


def table(report: dict) -> str:
    """What a reader wants to see first."""
    gpus = ", ".join(gpu["name"] for gpu in report["gpus"]) or "no GPU: these are of the CPU"
    lines = [
        f"{gpus}; TensorFlow {report['tensorflow']}",
        "",
        "| training step | ms | images/s | GPU MiB | host MiB |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, row in report["steps"].items():
        if "failed" in row:
            lines.append(f"| {name} | {row['failed']} | | | |")
            continue
        lines.append(
            f"| {name} | {1000 * row['seconds']:.1f} | {row['images_a_second']} | "
            f"{row.get('gpu_mib', '-')} | {row['peak_mib']:.0f} |"
        )
    if "PyTorch" in report:
        lines.append(f"\nPyTorch: {report['PyTorch']}")
    for part, figures, figure in (
        ("input", "images_a_second", "{median} images/s"),
        ("inference", "forms", "{seconds} s an image"),
    ):
        if "failed" in report[part]:
            lines.append(f"\n{part}: {report[part]['failed']}")
            continue
        lines += ["", f"| {part} | |", "|---|---:|"]
        for name, row in report[part][figures].items():
            lines.append(f"| {name} | {figure.format(**row)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument("--width", type=positive, default=64)
    parser.add_argument("--size", type=positive, nargs=2, default=(512, 1024), metavar=("H", "W"))
    parser.add_argument("--batch", type=positive, default=4)
    parser.add_argument("--rounds", type=positive, default=5, help=f"of {AHEAD} steps")
    parser.add_argument("--threads", type=positive, default=8, help="of the host")
    parser.add_argument("--peers", type=Path, default=HERE / ".peers")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"), metavar="FILE")
    args = parser.parse_args()
    if any(side % 16 for side in args.size):
        raise UserError(f"--size: found {tuple(args.size)}, allowed: multiples of 16")
    if not args.out.resolve().parent.is_dir():
        raise UserError(f"--out {args.out}: no such folder")
    peers = with_torch(args.peers)
    shape = {name: getattr(args, name) for name in ("width", "size", "batch", "threads", "rounds")}
    report = {"machine": machine(), **describe(), "shape": shape}
    if peers is None:
        report["PyTorch"] = f"not installed, neither here nor in {args.peers}"
    with tempfile.TemporaryDirectory() as folder:
        report["steps"] = steps(args, Path(folder), peers)
    say("input")
    report["input"] = script("input.py", "png", "packed", "--workers", args.threads)
    say("inference")
    shared = ["--width", args.width, "--size", *args.size, "--rounds", args.rounds]
    shared += ["--threads", args.threads, "--patience", 0]
    forms = ["keras", "keras_labels", "savedmodel"]
    report["inference"] = script("inference.py", *shared, "--forms", *forms)
    args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{table(report)}\n\n{args.out}: all figures; please send this file back")


if __name__ == "__main__":
    sys.exit(run_command(main))
