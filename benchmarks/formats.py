"""Every format of an export in every runtime that reads it: size, time, memory, labels, mean IoU.

    python benchmarks/formats.py runs/camvid --int8 data/camvid/train
    python benchmarks/formats.py runs/unet runs/lite0 data.root=DIR --images 20 --json formats.json
    python benchmarks/formats.py runs/camvid --photos 'photos/*.jpg' --size 166,296

With photos of another shape than the data set's, --size is best what the serving graph itself makes
of them (docs/serving.md, "Scale").

Each run is exported in all formats, in float16, too, and in integers if there are images to
calibrate on. Validation images, evenly spread, or photos go through every file; labels are compared
with those of `model.onnx` in ONNX Runtime, and those of validation images scored, at native size.
For a file of one size, images are resized before and logits after, neither of which is timed. Each
file in its runtime is a process of its own; they take turns. Prints a Markdown table: seconds and
processor seconds, their ratio to those of the first row, and how many labels are others than its.
Where other programs run, take one thread and trust the ratio. OpenVINO and OpenCV run in the
environment of benchmarks/peers/setup.py; a runtime that is not installed is left out, and named.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import machine, ratios, say, take_turns

from kerasseg.commands.parser import whole_number
from kerasseg.errors import UserError, run_command

HERE = Path(__file__).resolve().parent
MODULES = {
    "TensorFlow": "tensorflow",
    "ONNX Runtime": "onnxruntime",
    "OpenVINO": "openvino",
    "OpenCV": "cv2",
    "LiteRT": "ai_edge_litert",
}
# OpenVINO's own INT8 of model.plain.onnx, made here where its package nncf is installed.
NNCF = "model.plain.nncf.xml"
# File of the export -> the runtimes that take it. The first file in the first one is compared with.
RUNTIMES = {
    "model.onnx": ("ONNX Runtime", "OpenVINO"),
    "latest": ("TensorFlow",),
    "model.int8.onnx": ("ONNX Runtime", "OpenVINO"),
    "model.plain.onnx": ("ONNX Runtime", "OpenVINO", "OpenCV"),
    "model.plain.float16.onnx": ("ONNX Runtime", "OpenVINO", "OpenCV"),
    "model.plain.int8.onnx": ("ONNX Runtime", "OpenVINO"),
    NNCF: ("OpenVINO",),
    "model.tflite": ("LiteRT",),
    "model.float16.tflite": ("LiteRT",),
    "model.int8.tflite": ("LiteRT",),
}
SHOWN = {"latest": "SavedModel"}


@dataclass(frozen=True)
class Candidate:
    """file: of an export, a key of RUNTIMES. runtime: a key of MODULES."""

    file: str
    runtime: str

    @property
    def plain(self) -> bool:
        return ".plain." in self.file

    def bytes_in(self, export: Path) -> int:
        """What has to be shipped."""
        path = (export / self.file).resolve()
        parts = [path]
        if self.file == "latest":  # the other files of the version are not part of it
            parts = [path / "saved_model.pb", *(path / "variables").iterdir()]
        if self.file == NNCF:
            parts.append(path.with_suffix(".bin"))
        return sum(part.stat().st_size for part in parts)

    @property
    def of_one_size(self) -> bool:
        return self.plain or self.file.endswith(".tflite")


def interpreters(peers: Path) -> dict[str, Path]:
    """Runtime -> the Python that has it: this one, or that of the peers."""
    found = {}
    for python in (Path(sys.executable), peers / "bin" / "python"):
        for runtime, module in MODULES.items():
            if runtime not in found and _has(python, module):
                found[runtime] = python
    return found


def _has(python: Path, module: str) -> bool:
    script = f"import importlib.util as u; raise SystemExit(u.find_spec({module!r}) is None)"
    return python.exists() and subprocess.run([python, "-c", script], check=False).returncode == 0


def export(
    run: Path, out: Path, *, int8: Path | None, size: str | None, settings: list[str]
) -> None:
    line = [sys.executable, HERE.parent / "export.py", run, "--out", out, "--images", 1]
    line += ["--formats", "savedmodel,onnx,onnx_plain,litert", "--float16"]
    line += ["--int8", int8] if int8 else []
    line += ["--size", size] if size else []
    done = subprocess.run(
        [str(part) for part in (*line, *settings)], stdout=sys.stderr, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)  # it said why


def chosen_images(run: Path, settings: list[str], *, photos: str | None, count: int):
    """[(image uint8 (H, W, 3), label uint8 (H, W))] of the validation split, or of photos, without
    labels, which are None."""
    import numpy as np

    from kerasseg.config import load_config
    from kerasseg.data.catalog import open_catalog
    from kerasseg.data.image_file import read_image
    from kerasseg.data.pixels import Decoder
    from kerasseg.data.samples import take_evenly
    from kerasseg.inference.image_search import find_images

    if photos is not None:
        files = take_evenly(find_images([photos], out=run / "none"), count, with_last=True)
        pairs = [(read_image(file), None) for file in files]
    else:
        catalog = open_catalog(load_config(run / "config.yaml", settings), splits=("val",))
        decoder = Decoder(catalog, "val", cache="none", cache_dir=Path())
        taken = take_evenly(range(len(catalog.splits["val"])), count, with_last=True)
        pairs = [tuple(part.numpy() for part in decoder(np.int32(index))) for index in taken]
    if len({image.shape for image, _ in pairs}) > 1:
        raise UserError(f"{photos or run}: images of several sizes, allowed here: of one size")
    return pairs


def measure(run: Path, args) -> dict:
    """One run: {"size": of its images, "candidates": [what was measured of each]}."""
    import numpy as np

    from kerasseg.data.image_file import read_image
    from kerasseg.data.samples import take_evenly
    from kerasseg.inference.fixed_size import resize_logits, resize_pixels
    from kerasseg.inference.image_search import find_images
    from kerasseg.metrics.confusion import ConfusionMatrix
    from kerasseg.runs.description import ModelDescription

    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "export"
        export(run, out, int8=args.int8, size=args.size, settings=args.settings)
        description = ModelDescription.from_file(out / "labels.json")
        pairs = chosen_images(run, args.settings, photos=args.photos, count=args.images)
        images = [image for image, _ in pairs]
        size = tuple(description.plain_input["size"])
        np.save(folder / "native.npy", images)
        np.save(folder / "small.npy", [resize_pixels(image, size) for image in images])
        pythons = interpreters(args.peers)
        say(f"left out: {', '.join(sorted(MODULES.keys() - pythons)) or 'nothing'}")
        if args.int8 and "OpenVINO" in pythons and _has(pythons["OpenVINO"], "nncf"):
            line = [pythons["OpenVINO"], HERE / "peers" / "openvino_int8.py"]
            line += [out / "model.plain.onnx", folder / "calibration.npz", out / NNCF]
            files = take_evenly(find_images([str(args.int8)], out=out / "none"), 32, with_last=True)
            pixels = [resize_pixels(read_image(file), size) for file in files]
            np.savez(folder / "calibration.npz", image=pixels)
            subprocess.run([str(part) for part in line], stdout=sys.stderr, check=True)
        candidates = {
            f"{file} {runtime}": Candidate(file, runtime)
            for file, runtimes in RUNTIMES.items()
            for runtime in runtimes
            if (out / file).exists() and runtime in pythons
        }
        commands = {}
        for key, one in candidates.items():
            line = [pythons[one.runtime], HERE / "formats_worker.py", (out / one.file).resolve()]
            line += ["--runtime", one.runtime, "--threads", args.threads]
            line += ["--batch", folder / ("small.npy" if one.of_one_size else "native.npy")]
            line += ["--out", folder / f"{key}.npy", *(["--plain"] if one.plain else [])]
            commands[key] = ([str(part) for part in line], {"TF_CPP_MIN_LOG_LEVEL": "3"})
        workers = take_turns(commands, rounds=args.rounds, calls=3, patience=args.patience)
        first, rows = None, []
        for key, one in candidates.items():
            with (folder / f"{key}.npy").open("rb") as file:
                answers = [np.load(file)[0] for _ in images]
            if one.of_one_size:
                logits = answers if one.plain else [np.moveaxis(x, -1, 0) for x in answers]
                shape = images[0].shape[:2]
                answers = [resize_logits(x, shape).argmax(axis=0) for x in logits]
            answers = np.stack(answers).astype(np.uint8)
            first = answers if first is None else first
            matrix = ConfusionMatrix(description.label_set.num_classes)
            for (_, truth), labels in zip(pairs, answers, strict=True):
                if truth is not None:
                    matrix.add(truth, labels)
            rows.append(
                {
                    "file": one.file,
                    "runtime": one.runtime,
                    "bytes": one.bytes_in(out),
                    **workers[key].report(),
                    **ratios(workers[key], workers[next(iter(candidates))]),
                    "equal_labels": float((answers == first).mean()),
                    "other_labels": int((answers != first).sum()),
                    "miou": None if args.photos else matrix.miou,
                }
            )
    return {"native_size": images[0].shape[:2], "one_size": size, "candidates": rows}


def table(measured: dict) -> str:
    lines = [
        "| file | runtime | MB | ms | processor ms | ratio | peak MiB | other labels | mean IoU |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in measured["candidates"]:
        name = SHOWN.get(row["file"], row["file"])
        score = "-" if row["miou"] is None else f"{row['miou']:.4f}"
        lines.append(
            f"| {name} | {row['runtime']} | {row['bytes'] / 1e6:.1f} | "
            f"{1000 * row['seconds']:.0f} | {1000 * row['cpu_seconds']:.0f} | "
            f"{row['cpu_ratio']:.2f} | {row['peak_mib']:.0f} | {row['other_labels']} | {score} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    positive = whole_number(1)
    parser.add_argument(
        "runs", nargs="+", metavar="RUN|key=value", help="run directories, settings"
    )
    parser.add_argument("--int8", type=Path, metavar="DIR", help="images to calibrate integers on")
    parser.add_argument(
        "--photos", metavar="GLOB", help="of one size, instead of validation images"
    )
    parser.add_argument("--size", metavar="H,W", help="of the files of one size: see export.py")
    parser.add_argument("--images", type=positive, default=20, metavar="N")
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--threads", type=positive, default=2)
    parser.add_argument(
        "--patience", type=float, default=10, help="minutes to wait for a machine that is quiet"
    )
    parser.add_argument("--peers", type=Path, default=HERE / ".peers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also all figures")
    args = parser.parse_args()
    args.settings = [word for word in args.runs if "=" in word]
    runs = [Path(word) for word in args.runs if "=" not in word]
    for run in runs:
        if not (run / "config.yaml").is_file():
            raise UserError(f"{run}: no run directory (no config.yaml in it)")
    report = {"machine": machine(), "threads": args.threads, "images": args.images, "runs": {}}
    for run in runs:
        measured = report["runs"][str(run)] = measure(run, args)
        height, width = measured["native_size"]
        print(f"{run}, images of {height} x {width}:\n\n{table(measured)}\n", flush=True)
    if args.json:
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run_command(main))
