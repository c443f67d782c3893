"""A decoder whose files or whose cache are not what they were."""

import errno
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasseg.data.pixels import Decoder
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
