"""The end of a run: its metrics.json is what `evaluate` says of it."""

import json

import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.data.streets.draw import draw_streets
from kerasseg.errors import Interrupted
from kerasseg.evaluate import evaluate
from kerasseg.training.run_directory import RunDirectory
from kerasseg.training.score import score_best
from tests.inference.small_model import WORKING, write_run

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


def test_the_scores_are_those_of_evaluate(trained, tmp_path):
    config, catalog, run = trained
    calls = []
    score_best(config, catalog, run, check_stop=lambda: calls.append(1))
    assert len(calls) == IMAGES
    assert len(list(run.panels.glob("*.png"))) == 1
    target = tmp_path / "scores.json"
    data = [f"data.root={config.data.root}", f"data.cache_dir={config.data.cache_dir}"]
    evaluate(
        [str(run.path), "--config", str(run.config), *data, "--json", str(target)], prog="test"
    )
    written = json.loads(run.metrics.read_text())
    assert written == json.loads(target.read_text())
    assert {entry["name"] for entry in written["each_image"]} == {
        sample.name for sample in catalog.splits["val"]
    }
    # A net that was never trained answers background now and then.
    assert written["miou_forced"] != written["miou"]
    assert len(written["confusion"]) == catalog.label_set.num_classes + 1


def test_it_stops_when_it_is_told(trained):
    config, catalog, run = trained
    run.metrics.unlink(missing_ok=True)

    def stop():
        raise Interrupted

    with pytest.raises(Interrupted):
        score_best(config, catalog, run, check_stop=stop)
    assert not run.metrics.exists()
