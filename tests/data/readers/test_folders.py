import numpy as np
import pytest
from PIL import Image

from kerasseg.config.data_settings import DataConfig
from kerasseg.data.readers.folders import FOLDERS, read_folders
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


@pytest.mark.parametrize("other", ["a_L.png", "a.tif", "A-mask.png", "a_1_color.PNG"])
def test_a_label_of_nearly_the_right_name_is_shown(tmp_path, other):
    make_tree(tmp_path)
    labels = tmp_path / "train" / "labels"
    (labels / "a.png").rename(labels / other)
    (labels / "ab.txt").write_text("another name")
    with pytest.raises(UserError) as caught:
        read_folders(tmp_path, "train")
    image = tmp_path / "train" / "images" / "a.JPG"
    expected = f"{image}: has no label; expected {labels / 'a.png'}; {other} lies there"
    assert str(caught.value) == expected


def test_what_lies_there_instead_of_images_is_shown(tmp_path):
    make_tree(tmp_path, images=("a.webp", "b.webp"), labels=("a.png", "b.png"))
    with pytest.raises(UserError, match=r"\.jpg or \.jpeg; found: a\.webp and 1 more"):
        read_folders(tmp_path, "train")


def test_a_file_of_classes_of_another_name_is_named(tmp_path):
    make_tree(tmp_path)
    data = DataConfig(name="folders", root=str(tmp_path))
    (tmp_path / "labels.yml").write_text("classes: []")
    expected = r"labels\.yaml: not found; rename labels\.yml, which lies there"
    with pytest.raises(UserError, match=expected):
        FOLDERS.read_labels(data, void="ignore")


def test_a_missing_root_is_what_is_missing(tmp_path):
    data = DataConfig(name="folders", root=str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"nowhere: not found; expected data\.root"):
        FOLDERS.read_labels(data, void="ignore")
