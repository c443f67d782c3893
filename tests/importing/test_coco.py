"""COCO against pycocotools, and what its files may hold beside polygons."""

import json

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.importing.class_map import plan_classes
from kerasseg.importing.coco import read_coco
from kerasseg.importing.source import without_empty
from tests.importing.made_exports import HEIGHT, WIDTH, photo, png, text

mask = pytest.importorskip("pycocotools.mask")


def document(annotations, *, names=("a.jpg",), categories=None):
    images = [
        {"id": i, "file_name": name, "height": HEIGHT, "width": WIDTH}
        for i, name in enumerate(names)
    ]
    numbered = [
        {"id": i, "image_id": 0, "iscrowd": 0, **annotation}
        for i, annotation in enumerate(annotations)
    ]
    categories = categories or [{"id": 1, "name": "road"}, {"id": 2, "name": "car"}]
    return {"images": images, "annotations": numbered, "categories": categories}


def drawn(source, place=0):
    """The label with the ids of the plan: background 0, road 1, car 2."""
    ids = plan_classes(source.classes, {}).ids
    return source.pairs[place].label.draw(ids, rest=0, size=(HEIGHT, WIDTH))


def test_polygons_and_rle_are_drawn_as_pycocotools_draws_them(tmp_path):
    photo(tmp_path / "images" / "a.jpg")
    rng = np.random.default_rng(1)
    road = (rng.uniform(0, 1, 10) * np.tile([WIDTH, HEIGHT], 5)).tolist()
    parts = [[1.2, 0.7, 4.9, 1.1, 3.3, 5.8], [6.5, 2, 11.5, 2.5, 11, 7.5, 7, 6]]
    ring = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    ring[1:7, 5:11] = 1
    ring[3:5, 7:9] = 0  # a hole
    rle = mask.encode(ring)
    compressed = {"size": rle["size"], "counts": rle["counts"].decode()}
    runs = np.flatnonzero(np.diff(np.pad(ring.ravel("F"), 1, constant_values=2)))
    counts = np.diff(np.concatenate([[0], runs[runs > 0], [ring.size]])).tolist()
    crowd = {"size": [HEIGHT, WIDTH], "counts": [0, 30, HEIGHT * WIDTH - 30]}
    annotations = [
        {"category_id": 1, "segmentation": [road]},
        {"category_id": 2, "segmentation": parts},
        {"category_id": 1, "segmentation": compressed},
        {"category_id": 2, "segmentation": crowd, "iscrowd": 1},
    ]
    text(tmp_path / "annotations" / "instances_default.json", document(annotations))
    expected = np.zeros((HEIGHT, WIDTH), np.uint8)
    expected.T.flat[:30] = 2  # the crowd, first
    expected[mask.decode(mask.frPyObjects([road], HEIGHT, WIDTH))[..., 0] > 0] = 1
    expected[mask.decode(mask.frPyObjects(parts, HEIGHT, WIDTH)).any(axis=-1)] = 2
    expected[ring > 0] = 1
    source = read_coco(tmp_path)
    np.testing.assert_array_equal(drawn(source).label, expected)
    assert [entry.name for entry in source.classes] == ["background", "road", "car"]

    annotations[2]["segmentation"] = {"size": [HEIGHT, WIDTH], "counts": counts}
    text(tmp_path / "annotations" / "instances_default.json", document(annotations))
    np.testing.assert_array_equal(drawn(read_coco(tmp_path)).label, expected)


def test_files_of_two_annotators_are_drawn_one_after_the_other(tmp_path):
    photo(tmp_path / "a.jpg")
    whole = [0, 0, WIDTH, 0, WIDTH, HEIGHT, 0, HEIGHT]
    half = [0, 0, WIDTH, 0, WIDTH, 4, 0, 4]
    for name, number, label, points in (("ann", 5, "car", whole), ("bob", 9, "road", half)):
        categories = [{"id": number, "name": label}]
        annotation = {"category_id": number, "segmentation": [points]}
        text(tmp_path / f"{name}.json", document([annotation], categories=categories))
    source = read_coco(tmp_path)
    names = [entry.name for entry in source.classes]
    assert names == ["background", "car", "road"]
    assert np.array(names)[drawn(source).label][[0, 3, 4, 7], 0].tolist() == (
        ["road", "road", "car", "car"]
    )


def test_panoptic_segments_are_looked_up_and_zero_is_void(tmp_path):
    photo(tmp_path / "val2017" / "a.jpg")
    colors = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    colors[:2] = (1, 2, 0)  # 513
    colors[2:4] = (0, 0, 1)  # 65536
    colors[7] = (9, 9, 9)
    png(tmp_path / "annotations" / "panoptic_val2017" / "a.png", colors)
    segments = [{"id": 513, "category_id": 1}, {"id": 65536, "category_id": 2}]
    made = document([{"file_name": "a.png", "segments_info": segments}])
    made["categories"][0]["color"] = [128, 64, 128]
    text(tmp_path / "annotations" / "panoptic_val2017.json", made)
    text(tmp_path / "annotations" / "instances_val2017.json", document([]))  # has less
    source = read_coco(tmp_path)
    assert (source.pairs[0].split, source.rest) == ("val", None)
    assert source.classes[0].color == (128, 64, 128)
    label = drawn(source)
    assert label.label[:, 0].tolist() == [0, 0, 1, 1, 255, 255, 255, 255]
    assert label.unknown == {str(9 + 9 * 256 + 9 * 65536): WIDTH}


def test_what_is_not_drawn_is_told(tmp_path):
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        photo(tmp_path / "train" / name)
    annotations = [
        {"category_id": 1, "segmentation": [], "bbox": [1, 1, 2, 2]},
        {"category_id": 1, "segmentation": [[1, 1, 2, 2]]},
        {"category_id": 1, "segmentation": [[1, 1, 5, 1, 5, 20]]},
        {"category_id": 77, "segmentation": [[8, 1, 10, 1, 10, 4, 8, 4]]},
        {"category_id": 1, "image_id": 99, "segmentation": [[1, 1, 5, 1, 5, 5]]},
    ]
    categories = [
        {"id": 0, "name": "project", "supercategory": "none"},
        {"id": 1, "name": "road", "supercategory": "project"},
    ]
    made = document(annotations, names=("a.jpg", "b.jpg", "gone.jpg"), categories=categories)
    text(tmp_path / "train" / "_annotations.coco.json", made)
    source = read_coco(tmp_path)
    assert [entry.name for entry in source.classes] == ["background", "road"]
    assert source.no_image == ("gone.jpg (_annotations.coco.json)",)
    assert source.no_label == (str(tmp_path / "train" / "c.jpg"),)
    assert set(source.notes) == {
        "annotations without outline (boxes alone), not drawn: 1",
        "annotations with fewer than three points, not drawn: 1",
        "annotations of an image that the file does not list, not drawn: 1",
    }
    label = drawn(source)
    assert (label.outside, label.unknown) == (1, {"category 77": 1})
    assert set(np.unique(label.label)) == {0, 1, 255}
    assert [pair.name for pair in without_empty(source).pairs] == ["train/a"]
    assert without_empty(source).no_label[-1] == "train/b"


def test_images_of_one_name_are_told_by_folder_or_split(tmp_path):
    for split in ("train", "val"):
        photo(tmp_path / "images" / split / "a.jpg")
        square = {"category_id": 1, "segmentation": [[0, 0, 4, 0, 4, 4, 0, 4]]}
        text(tmp_path / "annotations" / f"instances_{split}.json", document([square]))
    assert [(p.name, p.split) for p in read_coco(tmp_path).pairs] == (
        [("images/train/a", "train"), ("images/val/a", "val")]
    )
    for split in ("train", "val"):
        (tmp_path / "annotations" / f"instances_{split}.json").unlink()
    text(tmp_path / "all.json", document([square]))
    (problem,) = read_coco(tmp_path).problems
    assert "all.json: a.jpg: may be " in problem


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [3, 3], "counts": [9]}, r"RLE of size \[3, 3\], but the image is \[8, 12\]"),
        ({"size": [8, 12], "counts": [9]}, "RLE of 9 pixels, expected 96"),
    ],
)
def test_damaged_rle(tmp_path, segmentation, message):
    photo(tmp_path / "a.jpg")
    annotation = {"category_id": 1, "segmentation": segmentation, "iscrowd": 1}
    text(tmp_path / "coco.json", document([annotation]))
    with pytest.raises(UserError, match=message):
        drawn(read_coco(tmp_path))


def test_no_file_of_coco(tmp_path):
    photo(tmp_path / "a.jpg")
    with pytest.raises(UserError, match="found no JSON file with images, annotations"):
        read_coco(tmp_path)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(UserError, match=r"a\.json: cannot be read as JSON"):
        read_coco(tmp_path)
    (tmp_path / "a.json").write_text(json.dumps({**document([]), "images": 3}))
    with pytest.raises(UserError, match="images is no list of objects"):
        read_coco(tmp_path)


def test_an_image_may_lie_anywhere_below(tmp_path):
    photo(tmp_path / "photos" / "tour" / "a.jpg")
    made = document([{"category_id": 1, "segmentation": [[0, 0, 9, 0, 9, 9]]}])
    made["images"][0]["file_name"] = "C:\\elsewhere\\tour\\a.jpg"
    text(tmp_path / "labels.json", made)
    (pair,) = read_coco(tmp_path).pairs
    assert pair.image == tmp_path / "photos" / "tour" / "a.jpg"
