"""A second source beside what a first one left: classes, splits, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import UserError
from kerasseg.importing.adding import add_to_folders, read_existing
from kerasseg.importing.class_map import plan_classes
from kerasseg.importing.plain_folders import write_folders
from kerasseg.importing.shapes import Shape, bitmap
from kerasseg.importing.source import Labelled, ShapesLabel, Source, SourceClass

SIZE = 4, 6
COLUMNS = dict(enumerate(np.eye(6, dtype=bool)[:, None].repeat(4, axis=1)))


def draw(names, split=None, *, folder, name, seed=0):
    """A pair whose pixels of column i are the class names[i]."""
    path = folder / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    shapes = [
        Shape(class_name, bitmap(COLUMNS[i], 0, 0), (i, 0, i, 3))
        for i, class_name in enumerate(names)
    ]
    return Labelled(name, path, ShapesLabel(shapes, SIZE), split)


def source(*pairs, classes, rest="background"):
    return Source(classes=tuple(map(SourceClass, classes)), pairs=pairs, rest=rest)


@pytest.fixture
def first(tmp_path):
    """Ids: background 0, road 1, car 2; a_1 trains, b_1 validates."""
    made = source(
        draw(["road", "car"], "train", folder=tmp_path / "in", name="a_1"),
        draw(["car"], "val", folder=tmp_path / "in", name="b_1"),
        classes=("background", "road", "car"),
    )
    write_folders(made, tmp_path / "out", plan=plan_classes(made.classes, {}), val=0.1)
    return tmp_path / "out"


def add(made, out, *, val=0.1, **options):
    plan = plan_classes(made.classes, {})
    return add_to_folders(made, read_existing(out), plan=plan, val=val, **options)


def label(out, split, name):
    return np.asarray(Image.open(out / split / "labels" / f"{name}.png"))[0].tolist()


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_classes_are_matched_by_name_whatever_their_number(first, tmp_path):
    before = (first / "labels.yaml").read_bytes()
    made = source(
        draw(["Car", "road"], "train", folder=tmp_path / "more", name="c"),
        draw(["road"], "val", folder=tmp_path / "more", name="d"),
        classes=("Car", "road", "background"),
    )
    outcome = add(made, first)
    assert label(first, "train", "c") == [2, 1, 0, 0, 0, 0]
    assert label(first, "val", "d") == [1, 0, 0, 0, 0, 0]
    assert label(first, "train", "a_1") == [1, 2, 0, 0, 0, 0]
    assert (first / "labels.yaml").read_bytes() == before
    assert (outcome.images, outcome.new_classes) == ({"train": 1, "val": 1}, ())
    assert outcome.classes == {"background": 0, "road": 1, "car": 2}
    settings = [f"data.root={first}", f"data.cache_dir={tmp_path}/cache"]
    catalog = open_catalog(load_config("folders", settings))
    assert catalog.class_pixels["train"].tolist() == [32, 8, 8, 0]


def test_new_classes_take_free_ids_and_colours_and_the_rest_of_the_file_stays(first, tmp_path):
    (first / "labels.yaml").write_text(
        "void: {id: [255, 3], color: [1, 1, 1]}\nclasses:\n"
        "- {name: background, id: 0, color: [0, 0, 0]}\n"
        "- {name: road, id: [1, 4], color: [128, 0, 0]}\n- {name: car, id: 2, color: [0, 128, 0]}\n"
    )
    tram = draw(["tram", "road", "car"], "train", folder=tmp_path / "more", name="c")
    made = source(tram, classes=("road", "tram", "car", "bus"), rest=None)
    outcome = add(replace(made, pairs=(tram,)), first, val=0)
    assert outcome.new_classes == ("tram", "bus")
    assert label(first, "train", "c") == [5, 1, 2, 255, 255, 255]
    written = yaml.safe_load((first / "labels.yaml").read_text())
    assert written["void"] == {"id": [255, 3], "color": [1, 1, 1]}
    assert written["classes"][:3] == [
        {"name": "background", "id": 0, "color": [0, 0, 0]},
        {"name": "road", "id": [1, 4], "color": [128, 0, 0]},
        {"name": "car", "id": 2, "color": [0, 128, 0]},
    ]
    assert [(c["name"], c["id"]) for c in written["classes"][3:]] == [("tram", 5), ("bus", 6)]
    assert len({tuple(c["color"]) for c in written["classes"]}) == 5


def test_void_is_written_as_the_folder_means_it(first, tmp_path):
    """A binary task: 255 is a class, and void is not declared before it is needed."""
    for path in first.glob("*/labels/*.png"):
        Image.fromarray(np.where(np.asarray(Image.open(path)), 255, 0).astype(np.uint8)).save(path)
    (first / "labels.yaml").write_text(
        "classes:\n- {name: background, id: 0, color: [0, 0, 0]}\n"
        "- {name: thing, id: 255, color: [255, 0, 0]}\n"
    )
    pair = draw(["thing", "odd"], "train", folder=tmp_path / "more", name="c")
    add(source(pair, classes=("background", "thing")), first, val=0)
    assert label(first, "train", "c") == [255, 254, 0, 0, 0, 0]
    assert yaml.safe_load((first / "labels.yaml").read_text())["void"] == {"id": 254}
    read_existing(first)


def test_what_is_there_already_is_passed_over(first, tmp_path):
    again = [
        draw(["road", "car"], "train", folder=tmp_path / "in", name="a_1"),
        draw(["car"], "train", folder=tmp_path / "in", name="B_1"),
        draw(["road"], "train", folder=tmp_path / "in", name="z"),
    ]
    outcome = add(source(*again, classes=("road", "car", "background")), first, val=0)
    assert (outcome.there, outcome.images) == (["a_1", "B_1"], {"train": 1})
    assert outcome.pixels[:3].tolist() == [20, 4, 0]
    before = content(first)
    outcome = add(source(*again, classes=("road", "car", "background")), first, val=0)
    assert (len(outcome.there), outcome.images) == (3, {})
    assert content(first) == before


def test_frames_of_a_video_join_those_that_are_there(first, tmp_path):
    pairs = [draw(["road"], folder=tmp_path / "more", name=f"x/{n}_{i}", seed=i)
             for n in "abc" for i in range(2, 12)]  # fmt: skip
    outcome = add(source(*pairs, classes=("background", "road")), first, val=0.2)
    names = {s: {p.stem for p in (first / s / "images").iterdir()} for s in ("train", "val")}
    assert {name[0] for name in names["train"]} == {"a", "c"}
    assert sum(name.startswith("b") for name in names["val"]) == 11
    assert sum(name.startswith("c") for name in names["val"]) == 2  # a fifth of those unsettled
    assert outcome.drawn_val
    one = draw(["road"], folder=tmp_path / "one", name="alone")
    assert add(source(one, classes=("background", "road")), first).images == {"train": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda out: (out / "labels.yaml").unlink(), r"--add: .*labels\.yaml not found; expected"),
        (lambda out: (out / "train.txt").touch(), r"out/train\.txt: found a list of names, allow"),
        (lambda out: (out / "test" / "images").mkdir(parents=True),
         r"test/labels: not found; --add needs this folder"),
        (lambda out: (out / "val" / "labels" / "b_1.png").unlink(), r"b_1\.png.*not found|label"),
        (lambda out: (out / "labels.yaml").write_text(
            "labels: colors\nclasses:\n- {name: a, color: [0, 0, 0]}\n"
            "- {name: b, color: [1, 1, 1]}\n"),
         r"labels\.yaml: found labels: colors, allowed with --add: ids"),
        (lambda out: (out / "labels.yaml").write_text(
            "classes:\n- {name: background, id: 0, color: [0, 0, 0], category: x}\n"
            "- {name: road, id: 1, color: [0, 0, 2], category: x}\n"
            "- {name: car, id: 2, color: [1, 1, 1], category: y}\n"),
         r"labels\.yaml: has categories; add the new classes with theirs: tram as 3$"),
        (lambda out: Image.new("RGB", SIZE[::-1]).save(out / "train" / "images" / "a_1.png"),
         r"a_1\.png: found other pixels under this name in the source\nnothing was added"),
        (lambda out: Image.new("L", SIZE[::-1]).save(out / "train" / "labels" / "a_1.png"),
         r"labels/a_1\.png: found another label of this image in the source\nnothing was added"),
    ],
)  # fmt: skip
def test_what_is_refused_changes_nothing(first, tmp_path, change, message):
    change(first)
    before = content(first)
    made = source(
        draw(["road", "car"], "train", folder=tmp_path / "in", name="a_1"),
        draw(["road"], "train", folder=tmp_path / "in", name="c"),
        classes=("background", "road", "car", "tram"),
    )
    with pytest.raises(UserError, match=message):
        add(made, first, val=0)
    assert content(first) == before


@pytest.mark.parametrize("when", ["drawn", "moved"])
def test_what_is_interrupted_changes_nothing(first, tmp_path, when, monkeypatch):
    before = content(first), sorted(first.rglob("*"))
    pairs = [
        draw(["road", "tram"], split, folder=tmp_path / "more", name=f"{split}{i}", seed=i)
        for split in ("train", "test")
        for i in range(3)
    ]
    made = source(*pairs, classes=("background", "road", "tram"))
    rename = type(first).rename

    def interrupt(*words):
        raise KeyboardInterrupt

    if when == "moved":
        monkeypatch.setattr(
            type(first),
            "rename",
            lambda path, to: interrupt() if "train1" in path.name else rename(path, to),
        )
    progress = {"progress": interrupt} if when == "drawn" else {}
    with pytest.raises(KeyboardInterrupt):
        add(made, first, val=0, **progress)
    assert (content(first), sorted(first.rglob("*"))) == before
