"""Scores of label PNGs against Cityscapes' own evaluator, and the command."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands.main import start
from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import UserError
from kerasseg.evaluation.answers import Answer
from kerasseg.evaluation.png_answers import PngAnswers
from kerasseg.evaluation.split import evaluate_split
from kerasseg.labels import VOID, cityscapes_labels

LABELS = cityscapes_labels(void="background")
WITH_INSTANCES = range(24, 34)


def save(path, values, dtype):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, dtype)).save(path)


def blocks(rng, values, shape, size):
    """Patches of `size` pixels, each of one of the values."""
    coarse = rng.choice(values, tuple(-(-side // size) for side in shape))
    return np.kron(coarse, np.ones((size, size), coarse.dtype))[: shape[0], : shape[1]]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Cityscapes' layout with all label ids and instances, and predictions that are half right."""
    root, shape = tmp_path_factory.mktemp("cityscapes"), (60, 96)
    rng = np.random.default_rng(4)
    for i in range(4):
        name = f"town_{i:06d}_000019"
        ids = blocks(rng, np.arange(34), shape, 6)
        number = blocks(rng, np.arange(3), shape, 9)
        things = np.isin(ids, WITH_INSTANCES)
        instances = np.where(things, ids * 1000 + number, ids)
        answer = np.where(rng.random(shape) < 0.6, ids, blocks(rng, np.arange(34), shape, 4))
        submitted = LABELS.to_ids(LABELS.table[answer])  # as `predict --submission`: void is 0
        start = root / "gtFine" / "val" / "town" / f"{name}_gtFine"
        save(start.with_name(start.name + "_labelIds.png"), ids, np.uint8)
        save(start.with_name(start.name + "_instanceIds.png"), instances, np.uint16)
        picture = rng.integers(0, 256, (*shape, 3))
        image = root / "leftImg8bit" / "val" / "town" / f"{name}_leftImg8bit.png"
        save(image, picture, np.uint8)
        save(root / "answers" / image.name, submitted, np.uint8)
    return root


def catalog_of(root, tmp_path):
    config = load_config(
        None, ["data.name=cityscapes", f"data.root={root}", f"data.cache_dir={tmp_path}"]
    )
    return open_catalog(config, splits=("val",))


@pytest.fixture
def found(data, tmp_path):
    catalog = catalog_of(data, tmp_path)
    answers = PngAnswers(data / "answers", catalog, "val")
    return evaluate_split(answers, catalog, split="val", each_image=lambda done: None)


@pytest.fixture(scope="module")
def official(data):
    """What `evalPixelLevelSemanticLabeling` says of the same files."""
    patch = pytest.MonkeyPatch()
    patch.setattr(sys, "argv", ["x"])
    if not hasattr(np, "in1d"):  # NumPy 2.4 took away the old name
        patch.setattr(np, "in1d", np.isin, raising=False)
    module = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    args = module.args
    args.quiet, args.evalInstLevelScore, args.evalPixelAccuracy = True, True, True
    args.JSONOutput = False
    truth = sorted((data / "gtFine").rglob("*_labelIds.png"))
    answers = sorted((data / "answers").glob("*.png"))
    result = module.evaluateImgLists([str(p) for p in answers], [str(p) for p in truth], args)
    yield result
    patch.undo()


def assert_same(ours, theirs):
    wanted = {name: value for name, value in theirs.items() if not np.isnan(value)}
    assert ours.keys() == wanted.keys()
    assert len(ours) > 1
    for name, value in wanted.items():
        assert ours[name] == pytest.approx(value, abs=1e-9), name


def test_every_number_is_the_official_one(found, official):
    overlap, categories, instances = found.overlap, found.categories, found.instances
    assert_same({n: e.iou for n, e in overlap.classes.items()}, official["classScores"])
    assert_same(categories.iou, official["categoryScores"])
    assert_same(instances.iiou, official["classInstScores"])
    assert_same(instances.categories_iiou, official["categoryInstScores"])
    for ours, theirs in (
        (overlap.miou, "averageScoreClasses"),
        (categories.miou, "averageScoreCategories"),
        (instances.miiou, "averageScoreInstClasses"),
        (instances.miiou_categories, "averageScoreInstCategories"),
    ):
        assert ours == pytest.approx(official[theirs], abs=1e-9)


def test_the_command_prints_and_writes_the_scores(data, found, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(f"data:\n  name: cityscapes\n  root: {data}\n  cache_dir: {tmp_path}\n")
    target = tmp_path / "scores.json"
    arguments = [str(data / "answers"), "--config", str(config), "--json", str(target)]
    start(["evaluate", *arguments, "--boundaries"])
    written = json.loads(target.read_text())
    plain = found.to_json()
    assert {name: written[name] for name in plain} == plain
    assert 0 < written["boundary_iou"] < 1
    assert written["boundary_f"].keys() == {"1", "2", "3", "5"}
    shown = capsys.readouterr().out
    assert f"{found.overlap.miou:.4f}" in shown
    assert f"{found.instances.iiou['car']:.4f}" in shown
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_a_split_without_instances_has_no_iiou(data, tmp_path):
    for file in (data / "gtFine").rglob("*_labelIds.png"):
        copy = tmp_path / file.relative_to(data)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    (tmp_path / "leftImg8bit").symlink_to(data / "leftImg8bit")
    catalog = catalog_of(tmp_path, tmp_path / "cache")
    answers = PngAnswers(data / "answers", catalog, "val")
    result = evaluate_split(answers, catalog, split="val", each_image=lambda done: None)
    assert result.instances is None
    assert result.categories is not None


def spoilt(folder, data, name, content):
    folder.mkdir()
    for file in (data / "answers").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    content(folder / name)
    return folder


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda path: path.unlink(), "no PNG named after town_000002"),
        (lambda path: path.write_bytes(b"no png"), "town_000002.*cannot be decoded"),
        (
            lambda path: save(path, np.full((60, 96), 77), np.uint8),
            "holds no label id",
        ),
        (lambda path: save(path, np.zeros((5, 7)), np.uint8), "the answer has 5 x 7 pixels"),
        (lambda path: save(path, np.zeros((60, 96, 3)), np.uint8), "found RGB, expected label ids"),
    ],
)
def test_bad_answers_are_named(data, tmp_path, content, message):
    name = "town_000002_000019_leftImg8bit.png"
    folder = spoilt(tmp_path / "spoilt", data, name, content)
    catalog = catalog_of(data, tmp_path / "cache")

    def score():
        answers = PngAnswers(folder, catalog, "val")
        evaluate_split(answers, catalog, split="val", each_image=lambda done: None)

    with pytest.raises(UserError, match=message):
        score()


def test_void_in_the_answer_is_a_miss(data, tmp_path):
    catalog = catalog_of(data, tmp_path)

    def nothing(sample):
        with Image.open(sample.label) as label:
            return Answer(np.full(label.size[::-1], VOID, np.uint8))

    result = evaluate_split(nothing, catalog, split="val", each_image=lambda done: None)
    assert result.overlap.miou == 0.0
