"""The page of a run: complete in itself, well formed, and true to the files of the run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kerasseg.commands.main import start
from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import UserError
from kerasseg.inference.predictor import Predictor
from kerasseg.metrics.image_scores import ImageScore
from kerasseg.metrics.split_scores import Seconds, TemperatureFit
from kerasseg.report.examples import best_and_worst, draw_example
from kerasseg.report.html import table, text
from kerasseg.runs.description import ModelDescription
from kerasseg.runs.record import read_run
from kerasseg.streets.draw import draw_streets
from tests.report.made_run import FULL, Page, make_run, read, scores


def test_the_page_holds_the_numbers_of_the_run_and_asks_nothing_of_the_net(tmp_path, capsys):
    run = make_run(tmp_path / "mine", scores(**FULL))
    start(["report", str(run.path)])
    assert capsys.readouterr().out == f"{run.report}\n"
    page = read(run.report)
    for word in ("0.4321", "0.4567", "0.8765", "0.7654", "0.0123", "3,600", "6.0 min"):
        assert word in page.words, word
    for word in ("0.6161", "0.3131", "0.0707", "0.0404", "0.6262", "0.1515", "0.9191", "Bicyclist"):
        assert word in page.words, word
    for word in ("0.521", "0.751", "0.253", "0.412", "3.50", "1.375", "2.12%", "45.5%", "3.5%"):
        assert word in page.words, word
    assert "kerasseg 1.2.3 · git commit abc" in page.text
    assert 'data.root = "nowhere"' in page.text
    assert page.headings == [
        "Learning",
        "Classes",
        "What is taken for what",
        "Best and worst images",
        "Does it know when it is wrong?",
        "Does it notice what it has never seen?",
        "What does it cost to leave pixels unlabelled?",
        "How it was made",
    ]
    assert "The images are not to be had: nowhere" in page.text  # the data is not there


def test_what_was_not_measured_is_left_out(tmp_path):
    run = make_run(tmp_path / "bare", scores(miou=None))
    start(["report", str(run.path)])
    page = read(run.report)
    assert page.headings == ["Learning", "Classes", "Best and worst images", "How it was made"]
    assert "Too few images have a score of their own." in page.text


@pytest.mark.parametrize("dropped", FULL)
def test_any_one_measure_may_be_missing(dropped, tmp_path):
    run = make_run(tmp_path / "run", scores(**{k: v for k, v in FULL.items() if k != dropped}))
    start(["report", str(run.path)])
    assert "0.4321" in read(run.report).words


def test_temperature_and_times_are_told(tmp_path):
    more = {
        "temperature": TemperatureFit(0.6717, 0.1094, 0.0055, images_fitted=40, images_scored=41),
        "seconds": Seconds({"labels": 0.0373, "MC Dropout 50": 2.427}),
    }
    run = make_run(tmp_path / "run", scores(**FULL, **more))
    start(["report", str(run.path)])
    text = read(run.report).text
    assert "temperature of 0.672, fitted on 40 images" in text
    assert "the other 41 from 0.1094 to 0.0055" in text
    assert "labels 0.037 · MC Dropout 50 2.427" in text


def test_a_run_without_scores_of_images_shows_its_panels(tmp_path):
    run = make_run(tmp_path / "old", scores())
    run.panels.mkdir()
    for i in range(7):
        Image.new("RGB", (1960, 300), (30 * i, 0, 0)).save(run.panels / f"town_{i}.png")
    start(["report", str(run.path)])
    page = read(run.report)
    assert [name for name in page.alternatives if "town" in name] == ["town_0", "town_3", "town_6"]


def test_parameters_are_those_of_the_net(tmp_path):
    from kerasseg.runs.weights import load_net
    from tests.inference.small_model import write_run

    trained = write_run(tmp_path / "net")
    run = make_run(tmp_path / "run", scores())
    assert read_run(run.path).parameters == 0  # an empty file
    run.best.write_bytes((trained / "best.keras").read_bytes())
    count = load_net(run.best).count_params()
    assert count > 0
    assert read_run(run.path).parameters == count
    start(["report", str(run.path)])
    assert f"{count:,}" in read(run.report).words


@pytest.mark.parametrize("evil", ['<b>&"x', "$\\frac{$", "_a", "</title><script>"])
def test_a_name_is_no_markup(evil, tmp_path):
    classes = {evil: (0.5, 3), "plain": (None, 0)}
    found = scores(classes=classes, confusion=((3, 1, 1), (0, 2, 0), (0, 0, 0)))
    run = make_run(tmp_path / "evil", found, names=[evil, "plain"])
    start(["report", str(run.path)])
    assert evil in "".join(read(run.report).words)


@given(cell=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=20))
def test_any_text_comes_back_out_of_a_table(cell):
    page = Page(table(("head",), [(text(cell),)]))
    assert cell in "".join(page.words)


def test_several_runs_are_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "one", scores(**FULL))
    make_run(tmp_path / "two", scores(miou=0.5555), "loss.boundary_weight=1.0")
    start(["report", "one", "two"])
    page = read(tmp_path / "comparison.html")
    for word in ("one", "two", "0.4321", "0.5555", "loss.boundary_weight"):
        assert word in page.words, word
    assert "data.root" not in page.words


def test_two_runs_of_one_name_are_told_apart_by_their_directories(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for place in ("a", "b"):
        make_run(tmp_path / place / "same", scores())
    start(["report", "a/same", "b/same", "--out", "c.html"])
    assert {"a/same", "b/same"} <= set(read(tmp_path / "c.html").words)


def test_what_cannot_be_reported_is_named(tmp_path):
    run = make_run(tmp_path / "run", scores())
    with pytest.raises(UserError, match=r"nowhere: no such directory"):
        start(["report", str(tmp_path / "nowhere")])
    with pytest.raises(UserError, match=r"no/such/r\.html: cannot be written"):
        start(["report", str(run.path), "--out", str(tmp_path / "no/such/r.html")])
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="folder: cannot be written"):
        start(["report", str(run.path), "--out", str(tmp_path / "folder")])
    with pytest.raises(UserError, match="cannot be written"):
        start(["report", str(run.path), "--out", str(run.metrics / "r.html")])
    assert {path.name for path in tmp_path.iterdir()} == {"run", "folder"}
    for content in ("{}", "[1]", "{"):
        run.metrics.write_text(content)
        with pytest.raises(UserError, match=r"run/metrics\.json: "):
            start(["report", str(run.path)])
    run.metrics.unlink()
    with pytest.raises(UserError, match=r"no metrics\.json in it; finish the run"):
        start(["report", str(run.path)])
    assert not run.report.exists()


@given(values=st.lists(st.none() | st.floats(0, 1), max_size=9), count=st.integers(1, 4))
def test_best_and_worst_are_the_ends_of_the_ranking(values, count):
    images = [ImageScore(f"{i:02}", value, None) for i, value in enumerate(values)]
    best, worst = best_and_worst(images, count=count)
    known = sorted((value for value in values if value is not None), reverse=True)
    assert [image.miou for image in best] == known[: len(best)]
    assert [image.miou for image in worst] == known[::-1][: len(worst)]
    assert len(best) == len(worst) == min(count, len(known) // 2)
    assert not {image.name for image in best} & {image.name for image in worst}


def test_wrong_pixels_are_red_and_void_ones_are_not_judged(tmp_path):
    draw_streets(tmp_path / "streets", train=1, val=1, seed=3)
    config = load_config(None, [f"data.root={tmp_path / 'streets'}", f"data.cache_dir={tmp_path}"])
    catalog = open_catalog(config)

    class Road(Predictor):
        def compute(self, images):
            shape = images.shape[:3]
            zeros = np.zeros(shape, np.float32)
            return {"labels": np.zeros(shape, np.uint8), "confidence": zeros, "uncertainty": zeros}

    size = catalog.native_size
    road = Road(
        ModelDescription(
            label_set=catalog.label_set,
            working_size=size,
            native_size=size,
            stride=2,
            reach=20,
            tile=2048,
            max_pixels=10**7,
        )
    )
    (sample,) = catalog.splits["val"]
    score = ImageScore(sample.name, 0.1, None)
    found = draw_example(score, predictor=road, catalog=catalog, split="val")
    captions = [caption for caption, _, _ in found.pictures]
    assert captions[:4] == ["image", "prediction", "target", "wrong pixels in red"]
    target = catalog.label_set.table[np.asarray(Image.open(sample.label))]
    errors = np.asarray(found.pictures[3][1])
    assert errors.shape[1] == 480
    red = (errors == (203, 62, 56)).all(axis=-1).mean()
    white = (errors == (255, 255, 255)).all(axis=-1).mean()
    assert red == pytest.approx(((target != 0) & (target != 255)).mean(), abs=0.01)
    assert white == pytest.approx((target == 255).mean(), abs=0.01)
