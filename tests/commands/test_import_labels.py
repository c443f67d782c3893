"""What `kerasseg import` says, and its exit status."""

import json

import pytest
import yaml

from kerasseg.commands.main import start
from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import UserError
from tests.importing.made_exports import EXPORTS, labelme_file, photo, text


def import_labels(*words):
    return start(["import", *map(str, words)])


def test_what_it_found_and_what_it_left_out(tmp_path, capsys):
    EXPORTS["labelme"](tmp_path / "in")
    folder = tmp_path / "in" / "train"
    photo(folder / "unlabelled.jpg")
    text(folder / "gone.json", labelme_file("gone.jpg"))
    outside = {"label": "road", "points": [[-9, 0], [5, 0], [5, 5]], "shape_type": "polygon"}
    odd = {"label": "tram", "points": [[8, 0], [9, 0], [9, 2]], "shape_type": "polygon"}
    photo(folder / "more.jpg")
    text(folder / "more.json", labelme_file("more.jpg", [outside, odd]))
    text(tmp_path / "in" / "labels.txt", "__ignore__\n_background_\nroad\ncar\n")
    assert import_labels(tmp_path / "in", tmp_path / "out") == 0
    out = capsys.readouterr().out
    assert f"note: images without a label, left out: 1, such as {folder / 'unlabelled.jpg'}" in out
    assert f"note: labels without an image, left out: 1, such as {folder / 'gone.json'}" in out
    assert "note: shapes that reach beyond their image, cut: 1, such as in train/more" in out
    assert "note: undeclared classes, void: tram (1)" in out
    # 43 of 96 pixels of three scenes, all but the two shapes of the fourth image.
    assert "note: background, a class of its own: " in out
    assert f"{tmp_path / 'out'}: LabelMe, train 3 · val 1 · 3 classes" in out
    assert f"next: kerasseg check --config folders data.root={tmp_path / 'out'}" in out


def test_a_folder_in_a_folder_is_found_as_archives_are_unpacked(tmp_path, capsys):
    EXPORTS["roboflow"](tmp_path / "in" / "project" / "project v2")
    (tmp_path / "in" / ".DS_Store").write_text("")
    assert not import_labels(tmp_path / "in", tmp_path / "out")
    assert "Roboflow's semantic segmentation masks, train 2 · val 1" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_gives_status_1(tmp_path, capsys):
    EXPORTS["labelme"](tmp_path / "in")
    (tmp_path / "in" / "train" / "drive_0001.json").write_text('{"shapes": [], "imagePath')
    assert import_labels(tmp_path / "in", tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert "1 left out, could not be read:" in error
    assert "drive_0001.json: cannot be read as JSON" in error
    assert len(list((tmp_path / "out" / "train" / "labels").iterdir())) == 1


def test_classes_are_merged_by_a_file(tmp_path):
    EXPORTS["labelme"](tmp_path / "in")
    (tmp_path / "map.yaml").write_text("car: thing\nroad: ground\nbackground: void\n")
    assert not import_labels(tmp_path / "in", tmp_path / "out", "--map", tmp_path / "map.yaml")
    content = yaml.safe_load((tmp_path / "out" / "labels.yaml").read_text())
    assert [entry["name"] for entry in content["classes"]] == ["thing", "ground"]
    assert content["void"] == {"id": 255, "color": [0, 0, 0]}


def test_images_without_a_shape_are_background_if_so_told(tmp_path, capsys):
    pytest.importorskip("pycocotools")
    EXPORTS["coco"](tmp_path / "in")
    path = tmp_path / "in" / "annotations" / "instances_train.json"
    content = json.loads(path.read_text())
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] == 0]
    path.write_text(json.dumps(content))
    assert not import_labels(tmp_path / "in", tmp_path / "out")
    assert "images without a label, left out: 1, such as images/train/drive_0002" in (
        capsys.readouterr().out
    )
    assert not import_labels(tmp_path / "in", tmp_path / "all", "--keep-empty")
    assert "train 2 · val 1" in capsys.readouterr().out


def test_a_second_export_is_added_to_the_first(tmp_path, capsys):
    """The same images by way of another tool, and one more, on which there is a tram."""
    EXPORTS["cvat"](tmp_path / "first")
    assert not import_labels(tmp_path / "first", tmp_path / "out")
    EXPORTS["labelme"](tmp_path / "second")
    tram = {"label": "tram", "points": [[8, 0], [9, 0], [9, 2]], "shape_type": "polygon"}
    photo(tmp_path / "second" / "train" / "drive_0003.jpg")
    text(tmp_path / "second" / "train" / "drive_0003.json", labelme_file("drive_0003.jpg", [tram]))
    capsys.readouterr()
    assert not import_labels(tmp_path / "second", tmp_path / "out", "--add")
    out = capsys.readouterr().out
    assert "note: images that are there already, with these labels: 3, such as drive_0001" in out
    assert "note: new classes, which no label that was there shows: tram" in out
    assert f"{tmp_path / 'out'}: LabelMe, train +1 · 4 classes" in out
    assert not import_labels(tmp_path / "second", tmp_path / "out", "--add")
    assert f"{tmp_path / 'out'}: LabelMe, nothing new · 4 classes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone", "out"], "gone: not found; expected the folder of an export"),
        (["file.zip", "out"], "file.zip: is a file; unpack it; expected the folder"),
        (["empty", "out"], "empty: not recognised; name the layout with --format, allowed: cvat"),
        (["empty", "out", "--format", "voc"], "empty: expected JPEGImages/ and SegmentationClass/"),
        (["empty", "out", "--format", "coc"], "found coc, allowed: .*; did you mean coco"),
        (["empty", "file.zip"], "file.zip: is there already; --add adds to it, or choose a ne"),
        (["empty", "out", "--val", "1"], "--val: found 1, allowed: number from 0 to 0.9"),
        (["voc", "out", "--add"], "--add: out/labels.yaml not found; expected a folder to add to"),
        (["voc", "out", "--map", "gone"], "gone: No such file or directory"),
    ],
)
def test_what_a_user_can_mend(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.zip").write_text("")
    EXPORTS["voc"](tmp_path / "voc")
    with pytest.raises(UserError, match=message):
        import_labels(*words)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_can_be_imported_is_answered_with_the_command(tmp_path):
    EXPORTS["roboflow"](tmp_path)
    with pytest.raises(UserError, match=rf"`kerasseg import {tmp_path} OUT` converts it"):
        open_catalog(load_config("folders", [f"data.root={tmp_path}"]))
