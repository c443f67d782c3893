"""What holds for every row of the table of readers, and what the others make of the table."""

import os
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from kerasseg.config import load_config
from kerasseg.config.data_settings import DataConfig
from kerasseg.data.catalog import open_catalog, read_labels, recognise
from kerasseg.data.readers import READERS
from kerasseg.errors import UserError

LABEL_FILE = """
classes:
  - {name: road, id: 7, color: [128, 64, 128]}
  - {name: car, id: 8, color: [0, 0, 142]}
void: {id: 0}
"""


def save(path, shape):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(shape, 7, np.uint8)).save(path)


def cityscapes(root, split, name):
    save(root / "leftImg8bit" / split / "town" / f"{name}_leftImg8bit.png", (4, 6, 3))
    save(root / "gtFine" / split / "town" / f"{name}_gtFine_labelIds.png", (4, 6))


def camvid(root, split, name):
    save(root / split / f"{name}.png", (4, 6, 3))
    save(root / f"{split}annot" / f"{name}.png", (4, 6))


def folders(root, split, name):
    save(root / split / "images" / f"{name}.png", (4, 6, 3))
    save(root / split / "labels" / f"{name}.png", (4, 6))
    (root / "labels.yaml").write_text(LABEL_FILE)


# data.name -> writes one image with its label; every reader has one.
WRITE = {"cityscapes": cityscapes, "streets": cityscapes, "camvid": camvid, "folders": folders}


@pytest.fixture(params=READERS)
def name(request):
    return request.param


@pytest.fixture
def root(name, tmp_path):
    for split in ("train", "val"):
        for sample in ("b_1", "a_2", "a_1"):
            WRITE[name](tmp_path / "data", split, sample)
    return tmp_path / "data"


def test_the_settings_take_the_names_of_the_table():
    assert sorted(get_args(DataConfig.model_fields["name"].annotation)) == sorted(READERS)


def test_samples_come_in_order_with_files_that_exist(name, root):
    samples = READERS[name].read_samples(root, "val")
    assert [sample.name for sample in samples] == ["a_1", "a_2", "b_1"]
    assert all(sample.image.is_file() and sample.label.is_file() for sample in samples)
    assert all("val" in str(sample.image.relative_to(root)) for sample in samples)


@pytest.mark.parametrize("void", ["background", "ignore"])
def test_the_label_set_takes_void_from_the_settings(name, root, void):
    config = load_config(None, [f"data.name={name}", f"data.root={root}", f"labels.void={void}"])
    label_set = read_labels(config)
    assert label_set.void == void
    assert label_set.num_outputs - label_set.num_classes == (void == "background")


def test_the_data_set_opens_with_its_pixels_counted(name, root, tmp_path):
    settings = [f"data.name={name}", f"data.root={root}", f"data.cache_dir={tmp_path / 'cache'}"]
    catalog = open_catalog(load_config(None, settings))
    assert catalog.native_size == (4, 6)
    assert {split: len(samples) for split, samples in catalog.splits.items()} == {
        "train": 3, "val": 3,
    }  # fmt: skip
    train_id = catalog.label_set.id_to_train[7]
    for counts in catalog.class_pixels.values():
        assert counts[train_id] == counts.sum() == 3 * 4 * 6


def test_a_folder_is_recognised_by_its_mark(name, root, tmp_path):
    assert READERS[name].recognises(root)
    assert READERS[recognise(root)].mark == READERS[name].mark
    assert recognise(tmp_path) is None


def test_the_wrong_name_is_answered_with_what_the_folder_looks_like(name, root):
    for other, reader in READERS.items():
        if reader.mark == READERS[name].mark:
            continue
        with pytest.raises(UserError) as caught:
            open_catalog(load_config(None, [f"data.name={other}", f"data.root={root}"]))
        likely = recognise(root)
        assert str(caught.value).endswith(
            f"(this looks like {READERS[likely].title}: data.name={likely})"
        )


def test_a_split_or_a_root_that_is_not_there_is_named(name, root, tmp_path):
    with pytest.raises(UserError, match=r"test(/\w+)?: not found"):
        READERS[name].read_samples(root, "test")
    with pytest.raises(UserError, match=r"nowhere: not found; expected data\.root"):
        READERS[name].read_samples(tmp_path / "nowhere", "val")


def folders_of(name, root, split):
    """Folders of images and of labels of the sample b_1."""
    (sample,) = (s for s in READERS[name].read_samples(root, split) if s.name == "b_1")
    return sample.image.parent, sample.label.parent


def open_(name, root):
    cache = f"data.cache_dir={root}-cache"
    return open_catalog(load_config(None, [f"data.name={name}", f"data.root={root}", cache]))


def test_whatever_is_visible_and_not_used_is_counted_with_an_example(name, root):
    assert not [r for r in open_(name, root).remarks if "not used" in r]
    images, labels = folders_of(name, root, "val")
    (images / "notes.txt").write_text("text")
    (images / ".hidden").write_text("text")
    (images / "more").mkdir()
    save(images / "more" / "c.gif", (4, 6))
    (labels / "old.zip").write_bytes(b"")
    assert open_(name, root).remarks[0] == (
        f"val: 3 files are not used, such as {min(images / 'more/c.gif', labels / 'old.zip')}"
    )


def test_a_link_to_nothing_is_refused_wherever_it_lies(name, root):
    for folder in folders_of(name, root, "train"):
        for end in (".png", "_leftImg8bit.png", "_gtFine_labelIds.png", ".txt"):
            link = folder / f"c{end}"
            link.symlink_to("gone")
            with pytest.raises(UserError, match=rf"c{end}: a link to gone, which does not exist"):
                open_(name, root)
            link.unlink()


def test_a_label_without_image_is_refused(name, root):
    (sample, *_) = READERS[name].read_samples(root, "train")
    sample.image.rename(sample.image.with_suffix(".webp"))
    with pytest.raises(UserError) as caught:
        open_(name, root)
    expected = f"{sample.label}: has no image; expected {sample.image}"
    assert str(caught.value).startswith(expected)
    webp = sample.image.with_suffix(".webp").name
    assert f"; {webp} lies there" in str(caught.value)


def test_a_name_that_is_not_utf8_is_refused(name, root):
    (sample, *_) = READERS[name].read_samples(root, "train")
    for path in (sample.image, sample.label):
        new = os.fsencode(path.parent) + b"/\xff" + os.fsencode(path.name)
        try:
            os.rename(path, new)
        except OSError:
            pytest.skip("this file system takes UTF-8 only")
    with pytest.raises(UserError, match=r"\\xff.*: the name is not UTF-8; rename it") as caught:
        READERS[name].read_samples(root, "train")
    str(caught.value).encode()
