"""Every format: the same scene comes out of it, pixel for pixel."""

import numpy as np
import pytest
import yaml
from PIL import Image

from kerasseg.commands.main import start
from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.layouts import LAYOUTS, known_layout
from kerasseg.importing import FORMATS
from tests.importing.made_exports import CAR, EXPORTS, REST, ROAD, SCENE, TRAIN, VAL

NAMES = {ROAD: {"road", "RD normal street"}, CAR: {"car", "Car"}, REST: {"background", "void"}}
# Whose pixels outside of all shapes are void, not a class.
WITHOUT_BACKGROUND = {"coco_stuff", "mapillary", "kitti", "bdd100k", "a2d2", "idd"}
WITHOUT_SPLITS = {"kitti", "a2d2"}


def test_every_layout_has_a_reader_and_an_example():
    assert FORMATS.keys() == LAYOUTS.keys() == EXPORTS.keys()


def read(root):
    """{file name: label as names} of each split, and the classes."""
    classes = yaml.safe_load((root / "labels.yaml").read_text())["classes"]
    names = np.full(256, "void", "<U40")
    for entry in classes:
        names[entry["id"]] = entry["name"]
    return {
        split: {
            path.stem: names[np.asarray(Image.open(path))]
            for path in sorted((root / split / "labels").iterdir())
        }
        for split in ("train", "val")
    }


@pytest.mark.parametrize("name", FORMATS)
def test_the_scene_comes_out_of_every_format(tmp_path, capsys, name):
    if name in ("coco", "cvat_images"):
        pytest.importorskip("pycocotools")
    EXPORTS[name](tmp_path / "export")
    assert known_layout(tmp_path / "export") == name
    out = tmp_path / "out"
    assert not start(["import", str(tmp_path / "export"), str(out)])
    labels = read(out)
    shown = capsys.readouterr().out
    assert f"{out}: {LAYOUTS[name].title}, train 2 · val 1" in shown
    assert ("drawn" in shown) == (name in WITHOUT_SPLITS)
    if name not in WITHOUT_SPLITS:
        assert [list(labels["train"]), list(labels["val"])] == [list(TRAIN), list(VAL)]
    for names in (*labels["train"].values(), *labels["val"].values()):
        found = {value: set(names[value == SCENE]) for value in (ROAD, CAR, REST)}
        assert all(found[value] <= NAMES[value] for value in found), found
        assert found[REST] == {"void" if name in WITHOUT_BACKGROUND else "background"}
        assert all(len(kinds) == 1 for kinds in found.values())
    for split in ("train", "val"):
        images = sorted(path.stem for path in (out / split / "images").iterdir())
        assert images == sorted(labels[split])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export", "out"]
    # Verified as a training does it.
    settings = [f"data.root={out}", f"data.cache_dir={tmp_path}/cache"]
    catalog = open_catalog(load_config("folders", settings))
    pixels = catalog.class_pixels["train"] + catalog.class_pixels["val"]
    counts = dict(zip(catalog.label_set.names, pixels.tolist(), strict=False))
    assert sum(counts.get(name, 0) for name in NAMES[ROAD]) == 3 * 38
    assert sum(counts.get(name, 0) for name in NAMES[CAR]) == 3 * 15
