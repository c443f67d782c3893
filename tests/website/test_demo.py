"""The model that the site has: small, whole, and of use on the examples beside it."""

import json

import numpy as np
import pytest
from PIL import Image

import kerasseg
from kerasseg.export.formats import web
from website.demo import DEMO, demo_files
from website.pages import try_page

DESCRIBED = json.loads((DEMO / "labels.json").read_text(encoding="utf-8"))


def test_it_is_small():
    assert sum(path.stat().st_size for path in DEMO.iterdir()) <= 3_000_000


@pytest.mark.parametrize("name", DESCRIBED["examples"])
def test_it_knows_a_street(name):
    predictor = kerasseg.load(DEMO / "model.onnx", threads=1)
    label_set = predictor.description.label_set
    assert list(label_set.names) == DESCRIBED["names"]
    with Image.open(DEMO / name) as image:
        prediction = predictor.predict(np.asarray(image.convert("RGB")))
    height, width = prediction.labels.shape
    # Before the bonnet, and what is high above it.
    below = prediction.labels[int(0.75 * height) : int(0.85 * height), width // 3 : 2 * width // 3]
    above = prediction.labels[: height // 20]
    assert (below == DESCRIBED["names"].index("road")).mean() > 0.9
    high = [DESCRIBED["names"].index(name) for name in ("sky", "building", "vegetation")]
    assert np.isin(above, high).mean() > 0.7
    assert len(np.unique(prediction.labels)) >= 6


def test_without_the_npm_package_the_site_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(web.VARIABLE, str(tmp_path / "nothing"))
    assert demo_files() == {}
    assert "the site has no page to try: " in capsys.readouterr().err
    page = try_page(complete=False)
    assert "`make web`" in page
    assert "<iframe" not in page
    assert "PAGE" not in page
