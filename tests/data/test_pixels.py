"""A decoder whose files or whose cache are not what they were."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasseg.data.pixels import Decoder
from kerasseg.data.samples import Sample
from tests.data.drawn_catalog import draw_catalog


def test_a_disk_cache_without_room_is_not_used(tmp_path, monkeypatch, capsys):
    catalog = draw_catalog(tmp_path, count=3, size=(20, 30))
    plain = Decoder(catalog, "train", cache="none", cache_dir=tmp_path)
    whole = [[pixels.numpy() for pixels in plain(tf.constant(i))] for i in range(3)]

    def save(file, array):
        file.write(array.tobytes()[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", save)
    decoder = Decoder(catalog, "train", cache="disk", cache_dir=tmp_path / "cache")
    for i in range(3):
        for found, expected in zip(decoder(tf.constant(i)), whole[i], strict=True):
            np.testing.assert_array_equal(found, expected)
    assert list((tmp_path / "cache").rglob("*.*")) == []  # no stumps
    said = capsys.readouterr().out
    assert said.count("images are decoded anew from here on") == 1
    assert "No space left on device" in said


@pytest.mark.parametrize("encoding", ["ids", "indexed"])
def test_an_image_that_was_replaced_by_one_of_another_size_is_no_sample(tmp_path, encoding):
    catalog = draw_catalog(tmp_path, count=1, size=(20, 30), encoding=encoding)
    Image.fromarray(np.zeros((30, 20, 3), np.uint8)).save(catalog.splits["train"][0].image)
    decoder = Decoder(catalog, "train", cache="none", cache_dir=tmp_path)
    with pytest.raises(tf.errors.InvalidArgumentError):
        list(tf.data.Dataset.range(1).map(lambda i: decoder(tf.cast(i, tf.int32))))


def place(path, source, time):
    """A copy of the file, changed at that time; its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(source.read_bytes())
    os.utime(path, ns=(time, time))
    return path.stat().st_size


def test_names_that_hold_what_separates_them_do_not_share_an_entry_of_the_disk_cache(tmp_path):
    (tmp_path / "drawn").mkdir()
    catalog = draw_catalog(tmp_path / "drawn", count=2, size=(20, 30))
    first, second = catalog.splits["train"]
    root, time = tmp_path.resolve(), 10**18
    image, other_label = root / "a", root / "r"
    size = place(image, first.image, time)
    place(other_label, second.label, time)
    other_image = Path(f"{image}|{size}|{time}{root / 'q'}")
    size = place(other_image, second.image, time)
    label = Path(f"{root / 'q'}|{size}|{time}{other_label}")
    place(label, second.label, time)  # joined by "|", both pairs would read the same
    samples = (Sample("1", image, label), Sample("2", other_image, other_label))
    catalog = replace(catalog, splits={**catalog.splits, "train": samples})
    plain = Decoder(catalog, "train", cache="none", cache_dir=tmp_path)
    cached = Decoder(catalog, "train", cache="disk", cache_dir=tmp_path / "cache")
    images = [plain(tf.constant(i))[0].numpy() for i in range(2)]
    assert (images[0] != images[1]).any()
    for i in range(2):
        np.testing.assert_array_equal(cached(tf.constant(i))[0], images[i])
