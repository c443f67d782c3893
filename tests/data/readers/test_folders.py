import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands.main import start
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
    with pytest.raises(UserError, match=r"images: not found; expected the val im.+; found: train$"):
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


@pytest.mark.parametrize("other", ["a_ids.png", "a.txt", "A-mask.png", "a_1_color.PNG"])
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


def test_folders_of_another_name_and_images_without_splits_are_named(tmp_path):
    lay(tmp_path, "train/images/a.png=train/masks/a.png images/b.png=masks/b.png")
    with pytest.raises(UserError, match=r"train/images; found masks, rename it$"):
        read_folders(tmp_path, "train")
    (tmp_path / "train" / "depth").mkdir()
    with pytest.raises(UserError, match=r"expected the labels of .*train/images$"):
        read_folders(tmp_path, "train")
    shutil.rmtree(tmp_path / "train")
    said = (
        r"train images; found .*/images: list its images in train\.txt and val\.txt, a name a line$"
    )
    with pytest.raises(UserError, match=said):
        read_folders(tmp_path, "train")


def test_a_missing_root_is_what_is_missing(tmp_path):
    data = DataConfig(name="folders", root=str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"nowhere: not found; expected data\.root"):
        FOLDERS.read_labels(data, void="ignore")


# Where images (:) and labels (=) of train lie; each is read as the samples a and b.
LAYOUTS = {
    "named alike": "train/images/a.png=train/labels/a.png train/images/b.jpg=train/labels/b.png",
    "_mask": "train/images/a.png=train/labels/a_mask.png "
    "train/images/b.png=train/labels/b_Mask.png",
    "_L": "train/images/a.png=train/labels/a_L.png train/images/b.png=train/labels/b_l.PNG",
    "_labelIds": "train/images/a.jpg=train/labels/a_labelIds.png "
    "train/images/b.png=train/labels/b.png",
    "beside, in images": "train/images/a.jpg=train/images/a_mask.png "
    "train/images/b.png=train/images/b_mask.png",
    "beside": "train/a.jpg=train/a_mask.png train/b.png=train/b_L.png",
    "in subfolders": "train/images/x/a.png=train/labels/x/a.png "
    "train/images/x/y/b.png=train/labels/x/y/b_mask.png",
    "beside, in subfolders": "train/x/a.jpg=train/x/a_mask.png train/y/b.jpg=train/y/b_mask.png",
    "listed": "images/a.png=labels/a.png images/x/b.jpg=labels/x/b_L.png",
    "listed, beside": "a.png=a_mask.png x/b.jpg=x/b_mask.png",
}


def lay(root, pairs):
    for path, shape in [
        entry
        for pair in pairs.split()
        for entry in zip(pair.split("="), ((4, 5, 3), (4, 5)), strict=True)
    ]:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros(shape, np.uint8)).save(root / path)
    return [tuple(pair.split("=")) for pair in pairs.split()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout):
    pairs = lay(tmp_path, LAYOUTS[layout])
    if layout.startswith("listed"):
        lay(tmp_path, "images/c.png=labels/c.png" if "," not in layout else "c.png=c_mask.png")
        (tmp_path / "labels.yaml").write_text("")
        (tmp_path / "train.txt").write_text("# drive 1\n\na\nx/b.jpg\r\n")
        (tmp_path / "val.txt").write_text("./c.png")
        assert [s.name for s in read_folders(tmp_path, "val")] == ["c"]
    samples = read_folders(tmp_path, "train")
    assert [s.name for s in samples] == ["a", "b"]
    found = [tuple(str(p.relative_to(tmp_path)) for p in (s.image, s.label)) for s in samples]
    assert found == pairs
    assert FOLDERS.find_left_out(tmp_path, "train", samples) == []


def test_the_documentation_has_these_layouts():
    text = (Path(__file__).parents[3] / "docs" / "own_data.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"`test_layouts\[(.+?)\]`", text)) == sorted(LAYOUTS)


def test_files_of_one_name_take_that_of_their_folder_along(tmp_path):
    lay(
        tmp_path,
        "train/images/x/a.png=train/labels/x/a.png train/images/y/a.png=train/labels/y/a.png",
    )
    assert [s.name for s in read_folders(tmp_path, "train")] == ["x_a", "y_a"]


def test_an_image_may_itself_be_called_like_a_label(tmp_path):
    lay(tmp_path, "train/images/a.png=train/labels/a.png train/images/a_L.png=train/labels/a_L.png")
    samples = read_folders(tmp_path, "train")
    assert [(s.image.name, s.label.name) for s in samples] == [("a.png",) * 2, ("a_L.png",) * 2]


def test_two_labels_of_one_image_are_refused(tmp_path):
    lay(
        tmp_path,
        "train/images/a.png=train/labels/a_L.png train/images/a.png=train/labels/a_mask.png",
    )
    expected = (
        rf"a_mask\.png: a_L\.png is a label of {tmp_path}/train/images/a\.png, too; remove one"
    )
    with pytest.raises(UserError, match=expected):
        read_folders(tmp_path, "train")


def test_a_label_without_image_in_a_subfolder(tmp_path):
    lay(tmp_path, "train/images/x/a.png=train/labels/x/a.png")
    (tmp_path / "train/labels/x/b_mask.png").write_bytes(b"")
    expected = r"x/b_mask\.png: has no image; expected .*images/x/b\.png, \.jpg or \.jpeg$"
    with pytest.raises(UserError, match=expected):
        read_folders(tmp_path, "train")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nx/c\n", r"train\.txt:2: found x/c, no image of that name in .*images$"),
        ("a\n../a\n", r"train\.txt:2: found \.\./a, no image"),
        ("a\na.png\n", r"train\.txt:2: a\.png is listed twice$"),
        ("# nothing\n", r"train\.txt: no name found; expected one image of .*images a line$"),
        (b"a\xff", r"train\.txt: not UTF-8 text \(byte 1\)$"),
        ("c", r"c\.png: has no label; expected .*labels/c\.png$"),
    ],
)
def test_lists_that_are_wrong(tmp_path, text, message):
    lay(tmp_path, LAYOUTS["listed"] + " images/c.png=unused.png")
    (tmp_path / "train.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=message):
        read_folders(tmp_path, "train")


def test_what_no_list_names_is_told_once(tmp_path):
    lay(tmp_path, LAYOUTS["listed"])
    for split, name in (("train", "a"), ("val", "x/b")):
        (tmp_path / f"{split}.txt").write_text(name)
    lay(tmp_path, "images/c.png=labels/c.png")
    left_out = [FOLDERS.find_left_out(tmp_path, split, ()) for split in ("train", "val")]
    assert left_out == [[tmp_path / "images/c.png", tmp_path / "labels/c.png"], []]
    (tmp_path / "train").mkdir()
    with pytest.raises(UserError, match=r"train\.txt: the folder .*train is there, too; remove"):
        read_folders(tmp_path, "train")


@pytest.mark.parametrize("high", [1, 255])
def test_masks_without_a_file_of_classes_are_answered_with_it(tmp_path, high):
    lay(tmp_path, LAYOUTS["beside"])
    mask = Image.fromarray(np.array([[0, high], [high, 0]], np.uint8))
    mask.save(tmp_path / "train" / "a_mask.png")
    data = DataConfig(name="folders", root=str(tmp_path))
    with pytest.raises(UserError, match=r"labels\.yaml: not found; the labels hold") as caught:
        FOLDERS.read_labels(data, void="ignore")
    assert "\n" not in str(caught.value)
    (tmp_path / "labels.yaml").write_text(str(caught.value).split("`")[1])
    labels = FOLDERS.read_labels(data, void="ignore")
    assert (labels.names, labels.ids) == (("background", "object"), (0, high))


def test_ids_without_a_file_of_classes_are_told(tmp_path):
    lay(tmp_path, LAYOUTS["beside"])
    Image.fromarray(np.array([[0, 1, 2, 7]], np.uint8)).save(tmp_path / "train" / "a_mask.png")
    with pytest.raises(UserError, match=r"not found; the labels hold the ids 0-2, 7$"):
        FOLDERS.read_labels(DataConfig(name="folders", root=str(tmp_path)), void="ignore")
    Image.new("RGB", (5, 4)).save(tmp_path / "train" / "a_mask.png")
    with pytest.raises(UserError, match=r"not found; expected a YAML file with the classes$"):
        FOLDERS.read_labels(DataConfig(name="folders", root=str(tmp_path)), void="ignore")


@pytest.mark.parametrize("listed", [False, True])
def test_a_test_split_is_evaluated_by_its_name(tmp_path, listed):
    """Labels as the answers to themselves: all is right, on the images of that split alone."""
    root, split = tmp_path / "data", "" if listed else "test/"
    lay(root, f"{split}images/a.png={split}labels/a.png {split}images/b.png={split}labels/b.png")
    if listed:
        lay(root, "images/c.png=labels/c.png")
        (root / "test.txt").write_text("a\nb\n")
    classes = "{name: road, id: 0, color: [1, 1, 1]}, {name: car, id: 1, color: [2, 2, 2]}"
    (root / "labels.yaml").write_text(f"classes: [{classes}]")
    settings = [f"data.root={root}", f"data.cache_dir={tmp_path}/cache"]
    words = ["evaluate", str(root / split / "labels"), "--config", "folders", *settings]
    assert not start([*words, "--split", "test", "--json", str(tmp_path / "scores.json")])
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert (scores["split"], scores["images"]) == ("test", 2)
    with pytest.raises(UserError, match=r"expected the val images; found: test$"):
        start(words)
