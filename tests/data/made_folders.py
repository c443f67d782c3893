"""Plain folders of noise with their file of classes, and the settings that read them."""

import numpy as np
from PIL import Image

from kerasseg.config import load_config

CLASSES = """
classes:
  - {name: road, id: 0, color: [128, 64, 128]}
  - {name: car, id: [1, 2], color: [0, 0, 142]}
  - {name: bus, id: 3, color: [0, 60, 100]}
  - {name: tram, id: 4, color: [0, 80, 100]}
void: {id: 255}
"""


def make_folders(root, *, sizes=((20, 30), (24, 36), (20, 30)), ids=(0, 1, 2, 3, 255)):
    """Folders with noise; tram (4) occurs nowhere, bus (3) only in the first training image."""
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        (root / split / "images").mkdir(parents=True)
        (root / split / "labels").mkdir()
        for i, size in enumerate(sizes):
            image = rng.integers(0, 256, (*size, 3), np.uint8)
            label = rng.choice(ids, size).astype(np.uint8)
            if i > 0:
                label[label == 3] = 0
            Image.fromarray(image).save(root / split / "images" / f"i{i}.jpg")
            Image.fromarray(label).save(root / split / "labels" / f"i{i}.png")
    (root / "labels.yaml").write_text(CLASSES)
    return root


def configure(root, *settings):
    return load_config(
        None,
        ["data.name=folders", f"data.root={root}", f"data.cache_dir={root}-cache", *settings],
    )
