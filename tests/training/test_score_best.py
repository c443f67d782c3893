"""The end of a run: its metrics.json is what `evaluate` says of it."""

import json
import shutil

import pytest

from kerasseg.commands.main import start
from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import Interrupted, UserError
from kerasseg.runs.directory import RunDirectory
from kerasseg.streets.draw import draw_streets
from kerasseg.training import score_best as score_best_module
from kerasseg.training.score_best import score_best, write_panels
from tests.inference.small_model import WORKING, small_graph, write_onnx, write_run

IMAGES = 3


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """(config, catalog, run directory) with weights and no scores."""
    root = tmp_path_factory.mktemp("scored")
    draw_streets(root / "data", train=1, val=IMAGES, seed=0)
    write_run(root / "run")
    settings = {
        "data.root": root / "data",
        "data.cache_dir": root / "cache",
        "data.image_size": list(WORKING),
        "model.width": 4,
        "model.depth": 2,
        "serving.tile": 512,
        "train.panels": 1,
        "run_dir": root / "run",
    }
    config = load_config(None, [f"{name}={value}" for name, value in settings.items()])
    return config, open_catalog(config), RunDirectory(root / "run")


def evaluated(trained, target, *options):
    """What `evaluate --json` writes of the run."""
    config, _, run = trained
    data = [f"data.root={config.data.root}", f"data.cache_dir={config.data.cache_dir}"]
    arguments = [str(run.path), "--config", str(run.config), *data, "--json", str(target)]
    start(["evaluate", *arguments, *options])
    return json.loads(target.read_text())


def test_the_scores_are_those_of_evaluate(trained, tmp_path):
    config, catalog, run = trained
    calls = []
    score_best(config, catalog, run, check_stop=lambda: calls.append(1), boundaries=True)
    assert len(calls) == IMAGES
    assert len(list(run.panels.glob("*.png"))) == 1
    written = json.loads(run.metrics.read_text())
    assert written == evaluated(trained, tmp_path / "scores.json", "--boundaries")
    assert {entry["name"] for entry in written["each_image"]} == {
        sample.name for sample in catalog.splits["val"]
    }
    # A net that was never trained answers background now and then.
    assert written["miou_forced"] != written["miou"]
    assert len(written["confusion"]) == catalog.label_set.num_classes + 1


def test_panels_that_memory_does_not_suffice_for_cost_no_scores(trained, monkeypatch):
    config, catalog, run = trained
    run.metrics.unlink(missing_ok=True)
    shutil.rmtree(run.panels, ignore_errors=True)

    def panel(*arguments, **options):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(score_best_module, "panel", panel)
        with pytest.raises(MemoryError):
            score_best(config, catalog, run, check_stop=lambda: None, boundaries=False)
    assert json.loads(run.metrics.read_text())["images"] == IMAGES
    assert not run.panels.exists()
    write_panels(config, catalog, run)
    assert len(list(run.panels.glob("*.png"))) == 1


def test_it_stops_when_it_is_told(trained):
    config, catalog, run = trained
    run.metrics.unlink(missing_ok=True)

    def stop():
        raise Interrupted

    with pytest.raises(Interrupted):
        score_best(config, catalog, run, check_stop=stop, boundaries=False)
    assert not run.metrics.exists()


def test_compared_and_calibrated(trained, tmp_path, capsys):
    plain = evaluated(trained, tmp_path / "plain.json")
    more = ("--compare", "--temperature", "--plots", str(tmp_path / "plots"))
    found = evaluated(trained, tmp_path / "more.json", *more)
    assert len(list((tmp_path / "plots").glob("*.svg"))) == 3
    rivals = {f"MC Dropout {n}" for n in (3, 10, 50)} | {"max logit", "variance"}
    assert rivals <= found["errors"].keys()
    # All scores are of the same errors, those of the labels as deployed.
    assert {n: found["errors"][n] for n in plain["errors"]} == plain["errors"]
    by_score = ("errors", "unknown", "unlabelled")
    assert {n: found[n] for n in plain if n not in by_score} == {
        n: plain[n] for n in plain if n not in by_score
    }
    assert set(found) - set(plain) == {"seconds", "temperature"}
    seconds = found["seconds"]
    assert seconds["MC Dropout 50, whole net"] > 5 * seconds["labels, confidence and uncertainty"]
    assert (found["temperature"]["images_fitted"], found["temperature"]["images_scored"]) == (2, 1)
    shown = capsys.readouterr().out
    assert f"temperature {found['temperature']['value']:.4f}" in shown
    assert max(len(line) for line in shown.splitlines() if "│" in line) <= 80


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--compare"], "--compare: needs a run directory"),
        (["--temperature"], "--temperature: the model gives no probabilities"),
    ],
)
def test_what_an_onnx_file_cannot_do(trained, tmp_path, options, message):
    config, _, run = trained
    model = write_onnx(tmp_path / "model.onnx", small_graph())
    data = [f"data.root={config.data.root}", f"data.cache_dir={config.data.cache_dir}"]
    with pytest.raises(UserError, match=message):
        start(["evaluate", str(model), "--config", str(run.config), *data, *options])
