"""The validation images that an export is checked on."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasseg.data.catalog import Catalog
from kerasseg.data.pixels import Decoder
from kerasseg.data.samples import take_evenly


class CheckSamples:
    """At most `count` validation samples, evenly spread, decoded anew at each pass.

    Iterating yields (image uint8 (H, W, 3), label uint8 (H, W) of trainIds).
    """

    def __init__(self, catalog: Catalog, *, count: int):
        samples = catalog.splits["val"]
        self._indices = take_evenly(range(len(samples)), count, with_last=True)
        self._first = samples[self._indices[0]]
        self._decoder = Decoder(catalog, "val", cache="none", cache_dir=Path())

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for index in self._indices:
            image, label = self._decoder(np.int32(index))
            yield image.numpy(), label.numpy()

    def first_file(self) -> bytes:
        """The first image as an encoded file; a packed one is made a PNG."""
        if self._first.packed is None:
            return self._first.image.read_bytes()
        return tf.io.encode_png(self.images(1)[0]).numpy()

    def images(self, count: int) -> list[np.ndarray]:
        """The first `count` images."""
        images = []
        for image, _ in self:
            images.append(image)
            if len(images) == count:
                break
        return images
