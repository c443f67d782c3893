import json

import numpy as np
import pytest
from PIL import Image

from kerasseg.data.label_png import read_label
from kerasseg.data.readers.cityscapes import CITYSCAPES, read_cityscapes
from kerasseg.errors import UserError
from kerasseg.labels import VOID, cityscapes_labels


def make_tree(root, *, splits=("train", "val"), cities=("aachen", "zurich"), frames=2):
    """The true layout, with everything the real packages leave lying beside the labels."""
    for split in splits:
        for city in cities:
            images, labels = root / "leftImg8bit" / split / city, root / "gtFine" / split / city
            images.mkdir(parents=True)
            labels.mkdir(parents=True)
            for frame in range(frames):
                name = f"{city}_{frame:06}_000019"
                ids = np.tile(np.arange(34, dtype=np.uint8), (2, 1))
                image = np.full((*ids.shape, 3), frame, np.uint8)
                Image.fromarray(image).save(images / f"{name}_leftImg8bit.png")
                Image.fromarray(ids).save(labels / f"{name}_gtFine_labelIds.png")
                Image.fromarray(ids).save(labels / f"{name}_gtFine_labelTrainIds.png")
                Image.fromarray(image).save(labels / f"{name}_gtFine_color.png")
                Image.fromarray(ids.astype(np.uint16) * 1000).save(
                    labels / f"{name}_gtFine_instanceIds.png"
                )
                Image.fromarray(ids).save(labels / f"{name}_unknown.png")
                polygons = json.dumps({"imgHeight": 2, "imgWidth": 34, "objects": []})
                (labels / f"{name}_gtFine_polygons.json").write_text(polygons)
            (images / f"._{city}_000000_000019_leftImg8bit.png").write_bytes(b"macOS")
            (images / ".DS_Store").write_bytes(b"macOS")
        (root / "leftImg8bit" / split / ".DS_Store").write_bytes(b"macOS")
    (root / "README").write_text("This is Cityscapes.")
    return root


def test_pairs_are_sorted_by_name(tmp_path):
    samples = read_cityscapes(make_tree(tmp_path), "val")
    assert [s.name for s in samples] == [
        "aachen_000000_000019",
        "aachen_000001_000019",
        "zurich_000000_000019",
        "zurich_000001_000019",
    ]
    city = "val/zurich/zurich_000001_000019"
    assert samples[-1].image == tmp_path / f"leftImg8bit/{city}_leftImg8bit.png"
    assert samples[-1].label == tmp_path / f"gtFine/{city}_gtFine_labelIds.png"


def test_every_drawn_id_is_read_as_its_train_id(tmp_path):
    sample = read_cityscapes(make_tree(tmp_path, splits=["train"], cities=["ulm"]), "train")[0]
    labels = cityscapes_labels(void="background")
    read = read_label(sample.label, label_encoding="ids", table=labels.table, color_table=None)
    expected = [VOID] * 34
    for train_id, label_id in enumerate(
        [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    ):
        expected[label_id] = train_id
    np.testing.assert_array_equal(read, [expected, expected])


def test_a_label_of_a_city_without_images_is_left_out(tmp_path):
    make_tree(tmp_path)
    image = tmp_path / "leftImg8bit/train/ulm/ulm_000009_000019_leftImg8bit.png"
    orphan = tmp_path / "gtFine/train/ulm/ulm_000009_000019_gtFine_labelIds.png"
    orphan.parent.mkdir()
    orphan.write_bytes(b"")
    assert not image.exists()
    samples = read_cityscapes(tmp_path, "train")
    assert len(samples) == 4
    assert CITYSCAPES.find_left_out(tmp_path, "train", samples) == [orphan]


def test_an_image_without_label_is_named_with_the_label_that_it_lacks(tmp_path):
    make_tree(tmp_path)
    label = tmp_path / "gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png"
    label.unlink()
    with pytest.raises(UserError, match="has no label; expected ") as caught:
        read_cityscapes(tmp_path, "train")
    image = tmp_path / "leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png"
    assert str(caught.value) == f"{image}: has no label; expected {label}"

    (tmp_path / "gtFine/train/zurich/zurich_000000_000019_gtFine_labelIds.png").unlink()
    with pytest.raises(UserError, match=r"and 1 more images without label\)"):
        read_cityscapes(tmp_path, "train")


def test_the_same_name_in_two_cities_is_refused(tmp_path):
    make_tree(tmp_path, splits=["train"], cities=["ulm"], frames=1)
    for part in ("leftImg8bit", "gtFine"):
        source = tmp_path / part / "train" / "ulm"
        target = tmp_path / part / "train" / "copy"
        target.mkdir()
        for file in source.iterdir():
            (target / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UserError, match="has the same name as"):
        read_cityscapes(tmp_path, "train")


def test_missing_folders(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: not found; expected data\.root"):
        read_cityscapes(tmp_path / "nowhere", "train")
    file = tmp_path / "cityscapes.zip"
    file.write_bytes(b"")
    with pytest.raises(UserError, match=r"cityscapes\.zip: is a file; expected data\.root"):
        read_cityscapes(file, "train")
    with pytest.raises(UserError, match=r"holds no leftImg8bit/; data\.root is the folder"):
        read_cityscapes(tmp_path, "train")
    (tmp_path / "leftImg8bit" / "test").mkdir(parents=True)
    with pytest.raises(UserError, match="gtFine: not found; expected the labels of"):
        read_cityscapes(tmp_path, "train")
    (tmp_path / "gtFine").mkdir()
    with pytest.raises(UserError, match=r"train: not found; .* \(found: test\)"):
        read_cityscapes(tmp_path, "train")
    with pytest.raises(UserError, match=r"test: no image found; expected \{city\}/\{name\}_left"):
        read_cityscapes(tmp_path, "test")


@pytest.mark.parametrize("inner", ["leftImg8bit", "leftImg8bit/train", "gtFine/val/aachen"])
def test_a_root_too_deep_is_told_the_right_one(tmp_path, inner):
    make_tree(tmp_path)
    with pytest.raises(UserError) as caught:
        read_cityscapes(tmp_path / inner, "train")
    assert str(caught.value).endswith(f"(did you mean {tmp_path}?)")


def test_a_root_too_high_is_told_so(tmp_path):
    make_tree(tmp_path / "above" / "cityscapes")
    with pytest.raises(UserError, match=r"did you mean .*cityscapes\?"):
        read_cityscapes(tmp_path / "above", "train")
