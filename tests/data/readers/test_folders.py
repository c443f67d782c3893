import numpy as np
import pytest
from PIL import Image

from kerasseg.data.readers.folders import read_folders
from kerasseg.errors import UserError


def make_tree(root, images=("b.png", "a.JPG", "c.jpeg"), labels=("a.png", "b.PNG", "c.png")):
    for folder, names, shape in (("images", images, (4, 5, 3)), ("labels", labels, (4, 5))):
        (root / "train" / folder).mkdir(parents=True)
        for name in names:
            Image.fromarray(np.zeros(shape, np.uint8)).save(root / "train" / folder / name)
    return root


def test_png_and_jpeg_in_any_case(tmp_path):
    make_tree(tmp_path)
    (tmp_path / "train" / "images" / "notes.txt").write_text("text")
    (tmp_path / "train" / "labels" / "orphan.png").write_bytes(b"")
    samples = read_folders(tmp_path, "train")
    assert [s.name for s in samples] == ["a", "b", "c"]
    assert [s.image.name for s in samples] == ["a.JPG", "b.png", "c.jpeg"]
    assert [s.label.name for s in samples] == ["a.png", "b.PNG", "c.png"]


def test_two_images_with_one_name(tmp_path):
    make_tree(tmp_path, images=("a.png", "a.jpg"), labels=("a.png",))
    with pytest.raises(UserError, match=r"a\.(png|jpg): has the same name as .*a\.(png|jpg)"):
        read_folders(tmp_path, "train")


def test_errors(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: not found; expected data\.root"):
        read_folders(tmp_path / "nowhere", "train")
    with pytest.raises(UserError, match="images: not found; expected the val images"):
        read_folders(make_tree(tmp_path), "val")
    (tmp_path / "val" / "images").mkdir(parents=True)
    with pytest.raises(UserError, match="labels: not found; expected the labels of"):
        read_folders(tmp_path, "val")
    (tmp_path / "val" / "labels").mkdir()
    with pytest.raises(UserError, match=r"images: no image found; expected \{name\}\.png, \.jpg"):
        read_folders(tmp_path, "val")
    (tmp_path / "train" / "labels" / "a.png").unlink()
    with pytest.raises(UserError, match=r"a\.JPG: has no label; expected .*labels/a\.png"):
        read_folders(tmp_path, "train")
