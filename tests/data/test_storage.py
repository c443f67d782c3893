"""Pieces of files: local, through TensorFlow's file systems, through fsspec."""

import builtins
import hashlib

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.data.catalog import open_catalog
from kerasseg.data.contents import image_of
from kerasseg.data.storage import join, read_range, read_text, sha256_of, stamp
from kerasseg.errors import UserError
from tests.data.packed.packed_data import configure, draw_files, pack_files

DATA = np.random.default_rng(0).integers(0, 256, 20_000, np.uint8).tobytes()


def put(kind, tmp_path):
    """Writes DATA somewhere, returns the place."""
    if kind == "local":
        (tmp_path / "some file.bin").write_bytes(DATA)
        return str(tmp_path / "some file.bin")
    place = f"{kind}://{tmp_path.name}/file.bin"
    if kind == "ram":
        with tf.io.gfile.GFile(place, "wb") as file:
            file.write(DATA)
    else:
        fsspec = pytest.importorskip("fsspec")
        with fsspec.open(place, "wb") as file:
            file.write(DATA)
    return place


@pytest.fixture(params=["local", "ram", "memory"])
def place(request, tmp_path):
    return put(request.param, tmp_path)


def test_a_piece_is_that_of_the_file(place):
    assert read_range(place, 0, 20_000).tobytes() == DATA
    assert read_range(place, 777, 4096).tobytes() == DATA[777:4873]
    assert read_range(place, 5, 0).size == 0
    assert stamp(place)[0] == 20_000
    assert sha256_of(place) == hashlib.sha256(DATA).hexdigest()


def test_what_was_read_stays_what_it_is(place):
    first = read_range(place, 0, 100)
    read_range(place, 5000, 100)
    assert first.tobytes() == DATA[:100]


def test_beyond_the_end_is_an_error(place):
    with pytest.raises(OSError, match="ends at byte 20000"):
        read_range(place, 19_000, 1001)


def test_no_such_file_is_an_error(place):
    with pytest.raises(OSError, match=r"file\.binx"):
        stamp(place + "x")


def test_a_long_file_is_read_piece_by_piece(place, monkeypatch):
    monkeypatch.setattr("kerasseg.data.storage._CHUNK", 1000)
    assert sha256_of(place) == hashlib.sha256(DATA).hexdigest()


def test_names_are_joined_in_paths_and_addresses():
    assert (
        join("gs://bucket/folder/", "x")
        == join("gs://bucket/folder", "x")
        == "gs://bucket/folder/x"
    )
    assert join("a/b", "x") == "a/b/x"


@pytest.mark.parametrize("kind", ["ram", "memory"])
def test_packed_data_is_read_from_an_address(tmp_path, kind):
    files = draw_files(tmp_path / "files")
    pack_files(files, tmp_path / "out", cache=tmp_path / "cache")
    root = f"{kind}://{tmp_path.name}-data"
    if kind == "ram":
        tf.io.gfile.makedirs(root)
        opened = tf.io.gfile.GFile
    else:
        opened = pytest.importorskip("fsspec").open
    for path in (tmp_path / "out").iterdir():
        with opened(join(root, path.name), "wb") as file:
            file.write(path.read_bytes())
    remote = open_catalog(configure(root, tmp_path / "cache"))
    local = open_catalog(configure(files, tmp_path / "cache"))
    for one, other in zip(remote.splits["val"], local.splits["val"], strict=True):
        np.testing.assert_array_equal(image_of(one), image_of(other))


def test_an_address_without_packed_data_is_refused(tmp_path):
    with pytest.raises(UserError, match="only packed data is read") as caught:
        open_catalog(configure("ram://nothing/there", tmp_path))
    assert "\n" not in str(caught.value)


def test_without_fsspec_it_is_asked_for(tmp_path, monkeypatch):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "fsspec":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UserError) as caught:
        open_catalog(configure("s3://bucket/data", tmp_path))
    assert str(caught.value).startswith(
        "s3://bucket/data/packed.json: reading from s3:// needs fsspec (pip install fsspec"
    )


def test_a_store_that_fsspec_does_not_know_is_named(tmp_path):
    pytest.importorskip("fsspec")
    with pytest.raises(UserError, match=r"^nowhere://x/packed\.json: .*nowhere"):
        open_catalog(configure("nowhere://x", tmp_path))


def test_text_is_read(tmp_path):
    (tmp_path / "text").write_text("größer", encoding="utf-8")
    assert read_text(str(tmp_path / "text")) == "größer"
