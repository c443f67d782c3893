"""Sample index to pixels: image bytes decoded, label ids looked up, optionally cached."""

import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasseg.data.catalog import Catalog
from kerasseg.data.indexed import read_label
from kerasseg.data.samples import Sample


def decode_image(data: tf.Tensor) -> tf.Tensor:
    """PNG or JPEG bytes to uint8 (H, W, 3) RGB.

    The op reads PNG too. The default DCT differs between builds; the accurate one does not.
    """
    image = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(image, [None, None, 3])


class Decoder:
    """Callable: int32 scalar index -> (image uint8 (H, W, 3), label uint8 (H, W) trainIds).

    cache: "none" decodes at each call; "memory" keeps what was decoded; "disk" keeps it below
    `cache_dir`, keyed by path, size, time of change and label table.
    """

    def __init__(self, catalog: Catalog, split: str, *, cache: str, cache_dir: Path):
        self._samples = catalog.splits[split]
        self._images = [str(sample.image) for sample in self._samples]
        self._labels = [str(sample.label) for sample in self._samples]
        self._catalog = catalog
        self._cache = cache
        self._cache_dir = Path(cache_dir) / "decoded"
        self._kept: dict[int, np.ndarray] = {}

    def __call__(self, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self._cache == "none":
            image = decode_image(tf.io.read_file(tf.gather(self._images, index)))
            return image, self._label(index)
        pixels = tf.numpy_function(self._cached, [index], tf.uint8)
        pixels = tf.ensure_shape(pixels, [None, None, 4])
        return pixels[..., :3], pixels[..., 3]

    def _label(self, index: tf.Tensor) -> tf.Tensor:
        if self._catalog.label_encoding == "ids":
            data = tf.io.read_file(tf.gather(self._labels, index))
            ids = tf.io.decode_png(data, channels=1)[..., 0]
            return tf.gather(self._catalog.label_set.table, tf.cast(ids, tf.int32))
        # TensorFlow turns a palette into gray levels: these files are read by Pillow.
        label = tf.numpy_function(self._read_label, [index], tf.uint8)
        return tf.ensure_shape(label, [None, None])

    def _read_label(self, index: int) -> np.ndarray:
        return read_label(
            self._samples[index].label,
            label_encoding=self._catalog.label_encoding,
            table=self._catalog.label_set.table,
            color_table=self._catalog.color_table,
        )

    def _decode_now(self, sample: Sample, index: int) -> np.ndarray:
        image = decode_image(tf.io.read_file(str(sample.image))).numpy()
        label = self._label(tf.constant(index)).numpy()
        return np.concatenate([image, label[..., None]], axis=-1)

    def _cached(self, index: int) -> np.ndarray:
        index = int(index)
        if self._cache == "disk":
            return self._from_disk(index)
        if index not in self._kept:
            self._kept[index] = self._decode_now(self._samples[index], index)
        return self._kept[index]

    def _from_disk(self, index: int) -> np.ndarray:
        sample = self._samples[index]
        key = hashlib.sha256(self._catalog.label_set.table.tobytes())
        key.update(repr(self._catalog.color_table).encode())
        for path in (sample.image, sample.label):
            stat = path.stat()
            key.update(f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}".encode())
        target = self._cache_dir / f"{key.hexdigest()[:40]}.npy"
        try:
            return np.load(target)
        except (OSError, ValueError, EOFError):
            pixels = self._decode_now(sample, index)
        self._cache_dir.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._cache_dir, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            np.save(file, pixels)
        os.replace(name, target)
        return pixels
