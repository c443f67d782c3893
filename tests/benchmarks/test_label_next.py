"""Subsets of CamVid as links, and the experiment with `predict --rank` at a size of seconds."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from benchmarks.camvid_subset import train_names, write_subset
from tests.programs import PROJECT, run_program

SMALL = [
    "model.encoder=unet",
    "model.encoder_weights=none",
    "model.width=2",
    "model.depth=2",
    "data.image_size=[32,48]",
    "train.batch_size=2",
    "train.steps=2",
]


@pytest.fixture(scope="module")
def camvid(tmp_path_factory):
    root = tmp_path_factory.mktemp("camvid")
    rng = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 2)):
        for folder, shape in ((split, (32, 48, 3)), (f"{split}annot", (32, 48))):
            (root / folder).mkdir()
            for index in range(count):
                most = 256 if len(shape) == 3 else 11
                pixels = rng.integers(0, most, shape).astype(np.uint8)
                Image.fromarray(pixels).save(root / folder / f"{index}.png")
    return root


def run(script, *arguments):
    words = [PROJECT / "benchmarks" / script, *arguments]
    return run_program(words, folder=PROJECT, fork_children=True)


def test_a_subset_has_the_images_the_labels_and_all_of_validation(camvid, tmp_path):
    done = run("camvid_subset.py", camvid, tmp_path / "part", "--every", "3")
    assert done.stdout == f"{tmp_path / 'part'}: 3 training images\n"
    for folder, names in (("train", "036"), ("trainannot", "036"), ("valannot", "01")):
        found = sorted((tmp_path / "part" / folder).iterdir())
        assert [path.name for path in found] == [f"{name}.png" for name in names]
        for path in found:
            assert path.read_bytes() == (camvid / folder / path.name).read_bytes()
    again = run("camvid_subset.py", camvid, tmp_path / "part", "--every", "3")
    assert again.returncode == 1
    assert again.stderr == f"error: {tmp_path / 'part'}: exists already\n"


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(SystemExit, match="train: no PNG files"):
        train_names(tmp_path)


def test_names_are_linked_from_any_folder(camvid, tmp_path, monkeypatch):
    monkeypatch.chdir(camvid.parent)
    write_subset(camvid.relative_to(camvid.parent), tmp_path / "one", ["7.png"])
    assert (tmp_path / "one" / "train" / "7.png").read_bytes()


def test_the_ranked_images_are_trained_on(camvid, tmp_path):
    out = tmp_path / "out"
    words = [camvid, "--out", out, "--first", "3", "--next", "2", "--seed", "1", *SMALL]
    done = run("label_next.py", *words)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    used = {
        name: {path.name for path in (out / name / "train").iterdir()}
        for name in ("first", "ranked", "random")
    }
    assert [len(used[name]) for name in used] == [3, 5, 5]
    assert used["first"] <= used["ranked"] & used["random"]
    with (out / "ranked.csv").open(newline="") as file:
        ranked = [line["image"].rpartition("/")[2] for line in csv.DictReader(file)]
    assert set(ranked) == {f"{i}.png" for i in range(8)} - used["first"]
    assert used["ranked"] - used["first"] == set(ranked[:2])
    assert answer["in_both"] == len(used["ranked"] & used["random"]) - 3
    for name in used:
        scores = json.loads((out / f"{name}-run" / "metrics.json").read_text())
        assert answer[name]["miou"] == scores["miou"]
        assert answer[name]["classes"]["Sky"] == scores["classes"]["Sky"]["iou"]
