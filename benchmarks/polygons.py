"""How much of a label map is left once it was written as polygons and painted again.

    python benchmarks/polygons.py data/camvid/valannot --images 5

Prints JSON: for each tolerance in pixels, and over the images, the range of polygons, corners, the
share of pixels that keep their label by COCO's rule and by LabelMe's converter (Pillow's rule), and
of pixels that no polygon covers.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.data.label_png import ids_of, read_png_header
from kerasseg.data.samples import take_evenly
from kerasseg.importing.coco import coco_polygons
from kerasseg.importing.shapes import polygon
from kerasseg.inference.annotations.annotated import SMALLEST
from kerasseg.inference.annotations.outlines import Outline, outlines
from kerasseg.labels import UNKNOWN

RULES = {
    "coco": lambda points: coco_polygons([points.ravel().tolist()]),
    "labelme": lambda points: polygon(list(map(tuple, points))),
}


def read(path: Path) -> np.ndarray:
    """uint8 (H, W) label ids."""
    with open(path, "rb") as file:
        header = read_png_header(file)
        file.seek(0)
        with Image.open(file) as image:
            return ids_of(image, header.bits)


def painted(found: list[Outline], size: tuple[int, int], rule: str) -> np.ndarray:
    label = np.full(size, UNKNOWN, np.uint8)
    for outline in found:
        label[RULES[rule](outline.points)(size)] = outline.label
    return label


def row(labels: np.ndarray, tolerance: float) -> dict[str, float]:
    found = outlines(labels, tolerance=tolerance, smallest=SMALLEST)
    again = {rule: painted(found, labels.shape, rule) for rule in RULES}
    kept = {rule: float((label == labels).mean()) for rule, label in again.items()}
    open_pixels = float((again["coco"] == UNKNOWN).mean())
    corners = sum(len(outline.points) for outline in found)
    return {"polygons": len(found), "corners": corners, **kept, "uncovered": open_pixels}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labels", type=Path, help="folder of label PNGs")
    parser.add_argument("--images", type=int, default=5)
    parser.add_argument("--tolerances", type=float, nargs="+", default=[0.0, 1.0, 2.0])
    args = parser.parse_args()
    chosen = take_evenly(sorted(args.labels.glob("*.png")), args.images)
    answer = {}
    for tolerance in args.tolerances:
        rows = [row(read(path), tolerance) for path in chosen]
        answer[str(tolerance)] = {
            key: [min(r[key] for r in rows), max(r[key] for r in rows)] for key in rows[0]
        }
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    main()
