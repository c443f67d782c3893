"""A small catalog of noise images on disk, as verification would have described it."""

from pathlib import Path

import numpy as np
from PIL import Image

from kerasseg.data.catalog import Catalog
from kerasseg.data.facts import Facts
from kerasseg.data.samples import Sample
from kerasseg.labels import camvid_labels

LABELS = camvid_labels(void="background")


def draw_catalog(
    folder: Path, *, count: int, size: tuple[int, int], suffix: str = ".png", encoding: str = "ids"
) -> Catalog:
    """`count` pairs of `size` in the split "train". encoding "indexed" writes palette PNGs."""
    samples = []
    for i in range(count):
        rng = np.random.default_rng([i, *size])
        sample = Sample(f"s{i}", folder / f"s{i}{suffix}", folder / f"s{i}_label.png")
        Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(sample.image)
        label = Image.fromarray(rng.integers(0, 12, size, np.uint8))
        if encoding == "indexed":
            label.putpalette(rng.integers(0, 256, 768, np.uint8).tobytes())
        label.save(sample.label)
        samples.append(sample)
    facts = Facts(*size, encoding, (size[0] * size[1], *[0] * LABELS.num_classes))
    return Catalog(
        label_set=LABELS,
        splits={"train": tuple(samples)},
        native_size=size,
        same_size={"train": True},
        label_encoding=encoding,
        color_table=None,
        class_pixels={},
        class_images={},
        class_image_pixels={},
        facts={"train": (facts,) * count},
    )
