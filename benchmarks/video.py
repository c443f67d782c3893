"""Speed and peak memory of `predict` on a short and a long video, and what `--smooth` changes.

    python benchmarks/video.py MODEL data/camvid/val --labels data/camvid/valannot

Makes videos of the photos in the order of their names. Each is shown for a second, in which it
grows as what a camera sees that drives forwards; its label grows with it. Each video is labelled by
a process of its own, on as many cores as it may use. Prints JSON. Flicker is the share of pixels
whose label differs from that of the frame before. It and mean IoU are of the second half of each
second: before that, --smooth still mixes in the photo before.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from turns import machine

from kerasseg.data.image_file import read_image
from kerasseg.inference.video.labelling import FRAME_NAME
from kerasseg.inference.video.video_input import Frame
from kerasseg.inference.video.video_output import VideoWriter
from kerasseg.labels import camvid_labels
from kerasseg.metrics.confusion import ConfusionMatrix

PROJECT = Path(__file__).resolve().parents[1]
RATE = 10  # frames a second
GROWTH = 1.01  # from a frame to the next
PREDICT = f"""
import sys, time
sys.path[:0] = [{str(PROJECT)!r}, {str(PROJECT / "benchmarks")!r}]
from kerasseg.commands.main import start
from kerasseg.errors import run_command
from turns import peak_bytes
if status := run_command(lambda: start(["predict", *sys.argv[1:]])):
    sys.exit(status)
print(time.process_time(), peak_bytes())
"""


def grown(image: Image.Image, frame: int, method: Image.Resampling) -> np.ndarray:
    """The middle of it, as large as all of it."""
    share = GROWTH**-frame
    x, y = image.width * (1 - share) / 2, image.height * (1 - share) / 2
    return np.asarray(
        image.resize(image.size, method, box=(x, y, image.width - x, image.height - y))
    )


def frames(photos: list[Path]) -> Iterator[np.ndarray]:
    for photo in cycle(photos):
        image = Image.fromarray(read_image(photo))
        yield from (grown(image, i, Image.Resampling.BILINEAR) for i in range(RATE))


def write_video(path: Path, photos: list[Path], count: int) -> None:
    with Image.open(photos[0]) as first:
        size = first.height, first.width
    step = Fraction(1, RATE)
    with VideoWriter(
        path, size=size, rate=1 / step, time_base=step, aspect_ratio=Fraction(1)
    ) as writer:
        for time, pixels in enumerate(islice(frames(photos), count)):
            writer.write(Frame(pixels, time, 1))


def predict(model: str, video: Path, out: Path, *options: str) -> dict[str, float]:
    """Frames a second, as `predict` says; what other programs leave alone: seconds of processor
    time, start included, and the peak of the memory in MiB."""
    command = [sys.executable, "-c", PREDICT, model, str(video), "--out", str(out), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:  # it has said why
        sys.exit(done.returncode)
    *_, said, used = done.stdout.splitlines()
    seconds, peak = used.split()
    (rate,) = re.findall(r"frames, ([\d.]+) a second", said)
    return {
        "frames_a_second": float(rate),
        "processor_seconds": round(float(seconds), 1),
        "peak_mib": round(int(peak) / 2**20),
    }


def scores(folder: Path, labels: list[Path], count: int) -> dict[str, float]:
    """Of the label PNGs in `folder`, whose numbers are those of CamVid."""
    matrix = ConfusionMatrix(camvid_labels(void="background").num_classes)
    changed: dict[str, list[float]] = {"flicker": [], "flicker_of_the_truth": []}
    before: tuple[np.ndarray, ...] = ()
    for number in range(count):
        photo, frame = divmod(number, RATE)
        if frame < RATE // 2:
            before = ()
            continue
        with Image.open(folder / FRAME_NAME.format(number)) as file:
            found = np.asarray(file)
        with Image.open(labels[photo % len(labels)]) as file:
            truth = grown(file, frame, Image.Resampling.NEAREST)
        matrix.add(truth, found)
        for name, old, new in zip(changed, before, (found, truth), strict=False):
            changed[name].append(float((old != new).mean()))
        before = found, truth
    return {"miou": round(matrix.miou, 4)} | {
        name: round(float(np.mean(values)), 4) for name, values in changed.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="an .onnx file, an export or a run directory")
    parser.add_argument("photos", type=Path, help="folder of PNGs")
    parser.add_argument("--labels", type=Path, help="folder of CamVid's label PNGs, named alike")
    parser.add_argument("--frames", type=int, nargs="+", default=(10, 1000))
    parser.add_argument("--scored", type=int, default=500, help="frames, with --labels")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the model")
    parser.add_argument("--smooth", type=float, default=0.2, metavar="SECONDS")
    args = parser.parse_args()
    photos = sorted(args.photos.glob("*.png"))
    if not photos:
        print(f"error: {args.photos}: no PNG in it", file=sys.stderr)
        sys.exit(2)
    report: dict = {"machine": machine(), "rows": {}}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        out, threads = folder / "out", ("--threads", str(args.threads))
        for count in args.frames:
            write_video(folder / f"{count}.mp4", photos, count)
            row = predict(args.model, folder / f"{count}.mp4", out, *threads)
            report["rows"][f"{count} frames"] = row
        if args.labels:
            labels = [args.labels / photo.name for photo in photos]
            write_video(folder / "scored.mp4", photos, args.scored)
            for options in (["--frame-labels"], ["--frame-labels", "--smooth", str(args.smooth)]):
                row = predict(args.model, folder / "scored.mp4", out, *threads, *options)
                row |= scores(out / "scored_labels", labels, args.scored)
                report["rows"][f"{args.scored} frames, {' '.join(options)}"] = row
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
