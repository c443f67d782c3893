"""A data set of noise in the Cityscapes layout, as files and packed."""

from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.config import Config, load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.packed.format import PackedIndex
from kerasseg.data.packed.writer import pack

SIZES = ((40, 64), (36, 70), (40, 64), (52, 48), (40, 64))


def draw_files(root: Path, *, sizes=SIZES) -> Path:
    """Images, labels of all ids, and beside the val labels instances and masks of the unknown."""
    for split in ("train", "val"):
        for i, size in enumerate(sizes):
            rng = np.random.default_rng([i, split == "val", *size])
            name = f"town_{i:06}_000019"
            save(root, "leftImg8bit", split, f"{name}_leftImg8bit", rng, (*size, 3), 256)
            save(root, "gtFine", split, f"{name}_gtFine_labelIds", rng, size, 34)
            if split == "val":
                save(root, "gtFine", split, f"{name}_gtFine_instanceIds", rng, size, 34)
                save(root, "gtFine", split, f"{name}_gtFine_unknown", rng, size, 2)
    return root


def save(root, kind, split, name, rng, size, values):
    path = root / kind / split / "town" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rng.integers(0, values, size).astype(np.uint8)).save(path)


def configure(root: Path | str, cache: Path, *settings: str) -> Config:
    return load_config(
        None, ["data.name=cityscapes", f"data.root={root}", f"data.cache_dir={cache}", *settings]
    )


def pack_files(files: Path, out: Path, *, cache: Path, shard_bytes: int = 25_000) -> PackedIndex:
    """Two noise images a shard, by default."""
    catalog = open_catalog(configure(files, cache))
    return pack(catalog, out, shard_bytes=shard_bytes, workers=2)
