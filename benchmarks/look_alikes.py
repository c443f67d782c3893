"""In how many bits the hashes of photos differ: of the same photo in another file, and of others.

    python benchmarks/look_alikes.py data/camvid/train data/camvid/val

Prints JSON. For each change, the largest difference of a photo of the second folder from itself
changed so; and the least difference of a photo of the second folder from any of the first.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kerasseg.data.image_file import read_image
from kerasseg.data.leakage import ALIKE, image_hash


def compressed(photo: Image.Image) -> Image.Image:
    data = io.BytesIO()
    photo.save(data, format="JPEG", quality=40)
    return Image.open(data)


def cut(photo: Image.Image) -> Image.Image:
    x, y = round(photo.width * 0.02), round(photo.height * 0.02)
    return photo.crop((x, y, photo.width - x, photo.height - y))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG of quality 40": compressed,
    "half the size": lambda photo: photo.resize(
        (photo.width // 2, photo.height // 2), Image.Resampling.BILINEAR
    ),
    "a quarter brighter": lambda photo: photo.point(lambda value: min(255, value * 1.25)),
    "2 % cut off each side": cut,
}


def differing(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.bitwise_count(one ^ other).sum(axis=-1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path, help="folder of PNGs")
    parser.add_argument("val", type=Path, help="folder of PNGs")
    args = parser.parse_args()
    train, val = (
        [read_image(path) for path in sorted(folder.glob("*.png"))]
        for folder in (args.train, args.val)
    )
    ours, theirs = (np.array([image_hash(photo) for photo in photos]) for photos in (train, val))
    changed = {
        name: max(
            int(
                differing(
                    one, image_hash(np.asarray(change(Image.fromarray(photo)).convert("RGB")))
                )
            )
            for one, photo in zip(theirs, val, strict=True)
        )
        for name, change in CHANGES.items()
    }
    least = min(int(differing(ours, one).min()) for one in theirs)
    print(json.dumps({"limit": ALIKE, "changed": changed, "others": least}, indent=2))


if __name__ == "__main__":
    main()
