"""What the page of `export --formats web` makes of photos: milliseconds, and labels against Python.

    python benchmarks/in_browser.py exports/camvid photos

Needs Chromium. The page labels one photo after the other; Python labels them with the same file,
at the size that the page answers at. Prints JSON: milliseconds are medians, of the net alone and
of all that is done to a frame; `fastest_ms` is the least of the net, nearest to an idle machine.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from turns import machine, say

from kerasseg.data.image_file import read_image
from kerasseg.errors import UserError, run_command
from kerasseg.inference.backends.onnx_runtime import PlainOnnxPredictor
from kerasseg.inference.fixed_size import final_answers, resize_pixels
from kerasseg.inference.image_search import find_images
from tests.export.web_page.browser import Browser, find_chromium, serve
from tests.export.web_page.hands import label


def measure(page: Browser, predictor: PlainOnnxPredictor, photos: list[Path]) -> dict:
    """page: with the model loaded, and `shown` of page.js as a global name."""
    equal = pixels = 0
    gap, net, frame = 0.0, [], []
    for number, photo in enumerate(photos):
        labels, uncertainty = label(page, photo)
        net.append(page.run("shown().net"))
        frame.append(page.run("shown().milliseconds"))
        expected = final_answers(
            *predictor.net(resize_pixels(read_image(photo), predictor.size)),
            size=labels.shape,
            description=predictor.description,
            probabilities=False,
        )
        equal += int((labels == expected["labels"]).sum())
        pixels += labels.size
        gap = max(gap, float(np.abs(uncertainty - expected["uncertainty"]).max()))
        say(f"{number + 1} of {len(photos)}: {net[-1]:.0f} ms")
    return {
        "photos": len(photos),
        "pixels": pixels,
        "equal_labels": equal / pixels,
        "uncertainty": gap,
        "net_ms": float(np.median(net)),
        "frame_ms": float(np.median(frame)),
        "fastest_ms": float(np.min(net)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path, help="an export with the format web")
    parser.add_argument("photos", nargs="+", help="images, or folders of them")
    args = parser.parse_args()
    folder = args.export / "web"
    if not (folder / "model.onnx").is_file():
        raise UserError(f"{args.export}: no export with the format web")
    if find_chromium() is None:
        raise UserError("Chromium is not installed, or not on the PATH")
    predictor = PlainOnnxPredictor(folder / "model.onnx")
    photos = find_images(args.photos, out=folder)
    with tempfile.TemporaryDirectory() as profile, serve(folder) as address:
        browser = Browser(profile)
        try:
            browser.open_page(address)
            size = sum(file.stat().st_size for file in folder.iterdir())
            measured = measure(browser, predictor, photos)
        finally:
            browser.close()
    print(json.dumps({"machine": machine(), "megabytes": size / 1e6, **measured}, indent=2))


if __name__ == "__main__":
    sys.exit(run_command(main))
