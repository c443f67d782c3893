"""Sample index to pixels: image bytes decoded, label ids looked up, optionally cached."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasseg.data.catalog import Catalog
from kerasseg.data.exif import UPRIGHT, turn_upright
from kerasseg.data.label_png import look_up, read_label
from kerasseg.data.overhang import plan_crop
from kerasseg.data.packed.format import read_crop
from kerasseg.data.samples import Sample
from kerasseg.data.storage import file_stamp
from kerasseg.errors import UserError
from kerasseg.files import clear_leftovers, writing


def decode_image(data: tf.Tensor) -> tf.Tensor:
    """PNG or JPEG bytes to uint8 (H, W, 3) RGB, the pixels as stored.

    The op reads PNG too. The default DCT differs between builds; the accurate one does not.
    """
    image = tf.io.decode_jpeg(data, channels=3, dct_method="INTEGER_ACCURATE")
    return tf.ensure_shape(image, [None, None, 3])


class Decoder:
    """The pixels of a split, by index: whole (call it), or a crop of them (`crop`).

    Photos are turned upright by the orientation that verification found in their EXIF.

    cache: "none" decodes at each call; "memory" keeps what was decoded; "disk" keeps it below
    `cache_dir`, keyed by path, size, time of change and label table, as long as there is room.
    Packed samples need none.
    """

    def __init__(self, catalog: Catalog, split: str, *, cache: str, cache_dir: Path):
        self._samples = catalog.splits[split]
        self._images = [str(sample.image) for sample in self._samples]
        self._labels = [str(sample.label) for sample in self._samples]
        self._catalog = catalog
        facts = catalog.facts[split]
        self._orientations = np.array([fact.orientation for fact in facts], np.int32)
        self._packed = [sample.packed for sample in self._samples if sample.packed is not None]
        self._cache = cache
        self._cache_dir = Path(cache_dir) / "decoded"
        self._kept: dict[int, np.ndarray] = {}
        self._may_write = cache == "disk"
        if cache == "disk":
            clear_leftovers(self._cache_dir)

    def __call__(self, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """index: int32 scalar. Returns image uint8 (H, W, 3) and label uint8 (H, W) trainIds."""
        image, label, _ = self.crop(index, lambda size: tf.concat([[0, 0], size], axis=0))
        return image, label

    def crop(self, index: tf.Tensor, box: Callable) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """A part of the sample, of a packed one without reading the rest.

        box: of the image's size, int32 (2,) height and width, gives int32 (4,): top, left, height,
        width. What of it lies outside the image is mirrored there, and labelled OUTSIDE.
        Returns image uint8 (height, width, 3), label uint8 (height, width) trainIds, and the size.
        """
        if self._packed:
            sizes = np.array([[packed.height, packed.width] for packed in self._packed], np.int32)
            size = tf.gather(sizes, index)
            plan = plan_crop(box(size), size)
            inputs = [index, plan.inner]
            image, label = tf.numpy_function(self._read_packed, inputs, [tf.uint8, tf.uint8])
        else:
            image, label = self._whole(index)
            size = tf.shape(label)
            plan = plan_crop(box(size), size)
            top, left, height, width = tf.unstack(plan.inner)
            image = image[top : top + height, left : left + width]
            label = label[top : top + height, left : left + width]
            if self._gives_ids:
                label = tf.numpy_function(self._look_up, [label], tf.uint8, stateful=False)
        image, label = plan.complete(image, label)
        return tf.ensure_shape(image, [None, None, 3]), tf.ensure_shape(label, [None, None]), size

    def _read_packed(self, index: int, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return read_crop(self._packed[int(index)], *box.tolist())

    @property
    def _gives_ids(self) -> bool:
        """Whether `_whole` leaves label ids to be looked up, after the crop."""
        return self._cache == "none" and self._catalog.label_encoding == "ids"

    def _look_up(self, ids: np.ndarray) -> np.ndarray:
        return look_up(ids, self._catalog.label_set.table)

    def _whole(self, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self._cache == "none":
            image = decode_image(tf.io.read_file(tf.gather(self._images, index)))
            if (self._orientations != UPRIGHT).any():  # most data sets need no such op
                image = tf.numpy_function(self._turn, [image, index], tf.uint8, stateful=False)
                image = tf.ensure_shape(image, [None, None, 3])
            if self._gives_ids:
                data = tf.io.read_file(tf.gather(self._labels, index))
                label = tf.io.decode_png(data, channels=1)[..., 0]
            else:
                # TensorFlow turns a palette into gray levels: these files are read by Pillow.
                label = tf.numpy_function(self._read_label, [index], tf.uint8)
                label = tf.ensure_shape(label, [None, None])
            # They did when they were verified; a file may be replaced since.
            fits = tf.debugging.assert_equal(tf.shape(image)[:2], tf.shape(label))
            with tf.control_dependencies([fits] if fits is not None else []):
                return image, tf.identity(label)
        pixels = tf.numpy_function(self._cached, [index], tf.uint8)
        pixels = tf.ensure_shape(pixels, [None, None, 4])
        return pixels[..., :3], pixels[..., 3]

    def _turn(self, image: np.ndarray, index: int) -> np.ndarray:
        return turn_upright(image, int(self._orientations[index]))

    def _read_label(self, index: int) -> np.ndarray:
        return read_label(
            self._samples[index].label,
            label_encoding=self._catalog.label_encoding,
            table=self._catalog.label_set.table,
            color_table=self._catalog.color_table,
            color_tolerance=self._catalog.label_set.color_tolerance,
        )

    def _decode_now(self, sample: Sample, index: int) -> np.ndarray:
        image = self._turn(decode_image(tf.io.read_file(str(sample.image))).numpy(), index)
        label = self._read_label(index)
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
        content = [
            self._catalog.label_set.table.tolist(),
            repr(self._catalog.color_table),
            self._catalog.label_set.color_tolerance,
            int(self._orientations[index]),
            *(file_stamp(path) for path in (sample.image, sample.label)),
        ]
        key = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        target = self._cache_dir / f"{key[:40]}.npy"
        try:
            return np.load(target)
        except (OSError, ValueError, EOFError):
            pixels = self._decode_now(sample, index)
        if self._may_write:
            self._keep_on_disk(target, pixels)
        return pixels

    def _keep_on_disk(self, target: Path, pixels: np.ndarray) -> None:
        """A cache that cannot be written, on a full disk as a rule, is not written any more."""
        try:
            with writing(target, make_folder=True) as temporary, temporary.open("wb") as file:
                np.save(file, pixels)
        except UserError as error:
            # Several threads may come here at once: the first one says it.
            if self._may_write:
                self._may_write = False
                print(f"data.cache=disk: {error}; images are decoded anew from here on")
