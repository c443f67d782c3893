from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.data.readers.camvid import read_camvid
from kerasseg.errors import UserError

REAL = Path(__file__).parents[3].parent / "shared" / "camvid"


def make_tree(root, names=("b", "a")):
    for folder, shape in (("train", (4, 5, 3)), ("trainannot", (4, 5))):
        (root / folder).mkdir(parents=True)
        for name in names:
            Image.fromarray(np.zeros(shape, np.uint8)).save(root / folder / f"{name}.png")
    return root


def test_pairs_are_sorted_by_name(tmp_path):
    make_tree(tmp_path)
    (tmp_path / "train" / "._a.png").write_bytes(b"macOS")
    (tmp_path / "train" / "notes.txt").write_text("text")
    samples = read_camvid(tmp_path, "train")
    assert [s.name for s in samples] == ["a", "b"]
    assert samples[0].image == tmp_path / "train" / "a.png"
    assert samples[0].label == tmp_path / "trainannot" / "a.png"


def test_errors(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: not found; expected data\.root"):
        read_camvid(tmp_path / "nowhere", "train")
    with pytest.raises(UserError, match="val: not found; expected the images"):
        read_camvid(make_tree(tmp_path), "val")
    (tmp_path / "val").mkdir()
    with pytest.raises(UserError, match="valannot: not found; expected the labels of"):
        read_camvid(tmp_path, "val")
    (tmp_path / "valannot").mkdir()
    with pytest.raises(UserError, match=r"val: no image found; expected \{name\}.png"):
        read_camvid(tmp_path, "val")
    (tmp_path / "trainannot" / "b.png").unlink()
    with pytest.raises(UserError, match=r"train/b\.png: has no label; expected .*annot/b\.png"):
        read_camvid(tmp_path, "train")


@pytest.mark.skipif(not REAL.is_dir(), reason="CamVid is not at ../shared/camvid")
def test_the_real_data_set_is_complete():
    train, val = read_camvid(REAL, "train"), read_camvid(REAL, "val")
    assert (len(train), len(val)) == (367, 101)
    assert not {s.name for s in train} & {s.name for s in val}
