"""Packed pixels are those of the files; a crop is read without the rest; damage is named."""

import json
import shutil
import subprocess
import sys
from dataclasses import fields

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.commands.check import check
from kerasseg.data import storage
from kerasseg.data.catalog import open_catalog
from kerasseg.data.contents import INSTANCE_END, UNKNOWN_END, companion, image_of, label_of
from kerasseg.data.curriculum import plan_epochs
from kerasseg.data.packed.format import INDEX, UNFINISHED, _digest, find_index, read_crop
from kerasseg.data.pipeline import TrainingInput, validation_dataset
from kerasseg.data.pixels import Decoder
from kerasseg.data.working_scale import WorkingScale
from kerasseg.errors import UserError
from kerasseg.labels import OUTSIDE
from tests.data.packed.packed_data import configure


@pytest.fixture
def copy(packed, tmp_path):
    """A packed data set to be damaged."""
    return shutil.copytree(packed, tmp_path / "copy")


def first_shard(root):
    return sorted(root.glob("train-*.pixels"))[0]


def test_the_catalog_is_that_of_the_files(files, packed, tmp_path):
    one = open_catalog(configure(files, tmp_path))
    other = open_catalog(configure(packed, tmp_path))
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "splits":
            a, b = ({k: [s.name for s in v] for k, v in x.items()} for x in (a, b))
        if field.name.startswith("class_"):
            assert a.keys() == b.keys()
            for split in a:
                np.testing.assert_array_equal(a[split], b[split])
        else:
            assert a == b, field.name


@pytest.mark.parametrize(("cache", "view_scale"), [("none", (0.5, 2.0)), ("memory", None)])
def test_the_batches_are_those_of_the_files(files, packed, tmp_path, cache, view_scale):
    found = []
    for root in (files, packed):
        catalog = open_catalog(configure(root, tmp_path))
        training = TrainingInput(
            decoder=Decoder(catalog, "train", cache=cache, cache_dir=tmp_path),
            samples=5,
            plan=plan_epochs([(0.6, 2), (0.75, 1), (1.0, 1)], images=5, batch_size=2),
            scale=WorkingScale((32, 48)),
            batch_size=2,
            seed=1,
            workers=2,
            view_scale=view_scale,
            jpeg=(30, 90) if view_scale else None,
            unknown=3 if view_scale else 0,
        )
        found.append([{k: v.numpy() for k, v in b.items()} for b in training.from_step(0)])
    assert len(found[0]) == len(found[1]) == 8
    for one, other in zip(*found, strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
    # The images are of different shapes: some crops reach beyond theirs.
    assert any((batch["label"] == OUTSIDE).any() for batch in found[0])


def test_validation_is_that_of_the_files(files, packed, tmp_path):
    found = []
    for root in (files, packed):
        catalog = open_catalog(configure(root, tmp_path))
        decoder = Decoder(catalog, "val", cache="none", cache_dir=tmp_path)
        found.append(
            list(validation_dataset(catalog, decoder, split="val", batch_size=2, workers=1))
        )
    assert len(found[0]) == len(found[1]) == 5
    for (image, label), (other_image, other_label) in zip(*found, strict=True):
        np.testing.assert_array_equal(image, other_image)
        np.testing.assert_array_equal(label, other_label)


def test_what_lies_behind_a_sample_is_that_of_the_files(files, packed, tmp_path):
    one = open_catalog(configure(files, tmp_path))
    other = open_catalog(configure(packed, tmp_path))
    for split, samples in one.splits.items():
        for a, b in zip(samples, other.splits[split], strict=True):
            np.testing.assert_array_equal(image_of(a), image_of(b))
            np.testing.assert_array_equal(label_of(a, one), label_of(b, other))
            for end in (INSTANCE_END, UNKNOWN_END):
                x, y = companion(a, end), companion(b, end)
                assert (x is None) == (y is None) == (split == "train")
                np.testing.assert_array_equal(x, y)


def test_a_crop_reads_its_own_rows_alone(packed, tmp_path, monkeypatch):
    catalog = open_catalog(configure(packed, tmp_path))
    sample = catalog.splits["train"][1].packed
    image, label = read_crop(sample, 0, 0, sample.height, sample.width)
    read = []
    preadv = storage.os.preadv

    def spy(file, buffers, offset):
        read.append((offset, preadv(file, buffers, offset)))
        return read[-1][1]

    monkeypatch.setattr(storage.os, "preadv", spy)
    part, answer = read_crop(sample, 5, 7, 11, 13)
    np.testing.assert_array_equal(part, image[5:16, 7:20])
    np.testing.assert_array_equal(answer, label[5:16, 7:20])
    width, pixels = sample.width, sample.width * sample.height
    assert read == [
        (sample.offset + 5 * width * 3, 11 * width * 3),
        (sample.offset + pixels * 3 + 5 * width, 11 * width),
    ]


def test_what_was_read_stays_what_it_is(packed, tmp_path):
    samples = open_catalog(configure(packed, tmp_path)).splits["train"]
    one, other = samples[0].packed, samples[2].packed
    image, label = read_crop(one, 0, 0, one.height, one.width)
    before = image.copy(), label.copy()
    read_crop(other, 0, 0, other.height, other.width)
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(label, before[1])


def test_the_crop_of_a_decoder_does_not_read_the_whole(packed, tmp_path, monkeypatch):
    catalog = open_catalog(configure(packed, tmp_path))
    lengths = []
    monkeypatch.setattr(
        "kerasseg.data.packed.format.borrow_range",
        lambda place, offset, length: lengths.append(length) or np.zeros(length, np.uint8),
    )
    decoder = Decoder(catalog, "train", cache="none", cache_dir=tmp_path)
    image, label, _ = decoder.crop(tf.constant(0), lambda size: [1, 2, 3, 4])
    assert image.shape == (3, 4, 3)
    assert label.shape == (3, 4)
    assert lengths == [3 * 64 * 3, 3 * 64]


def test_max_images_takes_the_same_ones(files, packed, tmp_path):
    names = [
        [s.name for s in open_catalog(configure(root, tmp_path, "data.max_images=2")).splits["val"]]
        for root in (files, packed)
    ]
    assert names[0] == names[1] == ["town_000000_000019", "town_000002_000019"]


def test_only_shards_that_are_needed_are_looked_at(copy, tmp_path):
    for shard in copy.glob("train-*"):
        shard.unlink()
    assert open_catalog(configure(copy, tmp_path), splits=("val",)).splits.keys() == {"val"}
    with pytest.raises(UserError, match=r"train-00000-of-\d+\.pixels: cannot be read"):
        open_catalog(configure(copy, tmp_path))


def test_shards_are_hashed_once(copy, tmp_path, monkeypatch):
    open_catalog(configure(copy, tmp_path))
    hashed = []
    monkeypatch.setattr(
        "kerasseg.data.packed.checksums.sha256_of", lambda p: hashed.append(p) or ""
    )
    open_catalog(configure(copy, tmp_path))
    assert hashed == []
    shard = first_shard(copy)
    shard.write_bytes(shard.read_bytes())
    with pytest.raises(UserError, match="damaged"):
        open_catalog(configure(copy, tmp_path))
    assert hashed == [str(shard)]


def fails(root, tmp_path, *settings, splits=("train", "val")):
    with pytest.raises(UserError) as caught:
        open_catalog(configure(root, tmp_path, *settings), splits=splits)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_shard_that_is_cut_off_is_named(copy, tmp_path):
    shard = first_shard(copy)
    size = shard.stat().st_size
    shard.write_bytes(shard.read_bytes()[:-100])
    message = fails(copy, tmp_path)
    assert message == f"{shard}: found {size - 100} bytes, expected {size}; copy it again"


@pytest.mark.parametrize("place", [0, 70, -1])
def test_a_shard_with_one_wrong_bit_is_named(copy, tmp_path, place):
    shard = first_shard(copy)
    data = bytearray(shard.read_bytes())
    data[place] ^= 4
    shard.write_bytes(data)
    assert fails(copy, tmp_path).startswith(f"{shard}: damaged")


def test_a_changed_index_is_refused(copy, tmp_path):
    text = (copy / INDEX).read_text()
    (copy / INDEX).write_text(text.replace("town_000001", "town_000009"))
    assert fails(copy, tmp_path).startswith(f"{copy / INDEX}: changed since it was written")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"sha256": ""}',
        b"\xff\xfe",
        b'{"sha256": 1, "format": 1}',
    ],
)
def test_an_index_that_is_none_is_refused(copy, tmp_path, content):
    (copy / INDEX).write_bytes(content)
    assert fails(copy, tmp_path).startswith(f"{copy / INDEX}: ")


def test_an_index_of_another_version_says_so(copy, tmp_path):
    content = json.loads((copy / INDEX).read_text())
    (copy / INDEX).write_text(json.dumps({**content, "format": 1}))
    found = fails(copy, tmp_path)
    assert "format 1, this version reads 2; pack the data again into a new folder: " in found
    assert found.endswith("kerasseg pack DATA OUT")


def test_an_unfinished_pack_is_refused(copy, tmp_path):
    (copy / INDEX).rename(copy / UNFINISHED)
    assert fails(copy, tmp_path).endswith("run the same pack command again")


def test_other_labels_than_the_packed_ones_are_refused(copy, tmp_path):
    message = fails(copy, tmp_path, "data.name=camvid")
    assert "packed with other labels (cityscapes, 19 classes)" in message
    assert "(camvid, 11 classes)" in message


def test_a_split_that_was_not_packed_is_refused(copy, tmp_path):
    message = fails(copy, tmp_path, splits=("test",))
    assert message == f"{copy}: packed without the split test; found: train, val"


def test_void_may_be_trained_in_another_way(packed, tmp_path):
    catalog = open_catalog(configure(packed, tmp_path, "labels.void=ignore"))
    assert catalog.label_set.background_id is None


def test_it_can_be_looked_at(files, packed, tmp_path):
    sheets = []
    for name, root in (("files", files), ("packed", packed)):
        check(configure(root, tmp_path), sheet=tmp_path / f"{name}.png")
        sheets.append((tmp_path / f"{name}.png").read_bytes())
    assert sheets[0] == sheets[1]


def test_a_folder_of_files_is_not_packed(files):
    assert find_index(str(files)) is None


def test_opening_packed_data_does_not_import_tensorflow(packed, tmp_path):
    code = (
        "import sys; from tests.data.packed.packed_data import configure;"
        "from kerasseg.data.catalog import open_catalog;"
        "open_catalog(configure(sys.argv[1], sys.argv[2]));"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(packed), str(tmp_path)], check=True)


@pytest.mark.parametrize("name", ["../../../x", "a/b", "..", "", "/tmp/x", "a\\b", "a\0b", 3])
@pytest.mark.parametrize("part", ["file", "name", "companion"])
def test_a_name_that_leads_out_of_the_folder_is_refused(copy, part, name):
    """Panels and shards are written and read under these names; a pack may come from anywhere."""
    content = json.loads((copy / INDEX).read_text())
    shard = content["splits"]["train"][0]
    if part == "file":
        shard["file"] = name
    elif part == "name":
        shard["samples"][0][0] = name
    else:
        shard["samples"][0][5] = [["/../" + str(name), 1]]
    del content["sha256"]
    content["sha256"] = _digest(content)
    (copy / INDEX).write_text(json.dumps(content))
    with pytest.raises(UserError, match="is not a plain file name"):
        find_index(str(copy))
