"""After a failed read: the file that was removed, damaged or replaced is named, and no other."""

import numpy as np
import pytest
from PIL import Image

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.changes import refuse_changed_files
from kerasseg.errors import UserError
from kerasseg.streets.draw import draw_streets
from tests.data.noise_samples import spy_on_decoding


@pytest.fixture
def opened(tmp_path):
    """(config, catalog) of three training images and one to validate with."""
    draw_streets(tmp_path / "data", train=3, val=1, seed=0)
    settings = [f"data.root={tmp_path / 'data'}", f"data.cache_dir={tmp_path / 'cache'}"]
    config = load_config(None, settings)
    return config, open_catalog(config)


def test_nothing_is_said_of_files_that_are_as_they_were(opened, monkeypatch):
    decoded = spy_on_decoding(monkeypatch)
    refuse_changed_files(*opened)
    assert decoded == []


def remove(sample):
    sample.image.unlink()


def damage(sample):
    sample.image.write_bytes(sample.image.read_bytes()[:-100])


def replace(sample):
    """By a pair of another size, in order by itself."""
    for path, channels in ((sample.image, (3,)), (sample.label, ())):
        Image.fromarray(np.full((8, 9, *channels), 7, np.uint8)).save(path)


@pytest.mark.parametrize("change", [remove, damage, replace])
def test_the_changed_file_is_named(opened, change, monkeypatch):
    config, catalog = opened
    changed = catalog.splits["train"][1]
    change(changed)
    decoded = spy_on_decoding(monkeypatch)
    with pytest.raises(UserError) as caught:
        refuse_changed_files(config, catalog)
    assert str(caught.value).startswith(f"{changed.image}: ")
    assert "\n" not in str(caught.value)
    assert set(decoded) <= {changed}
