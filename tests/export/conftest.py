"""A run directory with weights that were never trained, on three drawn street scenes."""

import pytest

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.errors import UserError
from kerasseg.export.check_images import CheckSamples
from kerasseg.export.formats import web
from kerasseg.streets.draw import draw_streets
from tests.export.untrained import export_small, make_run, make_runtime


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Root of a data set: two scenes to train with, three to validate with."""
    root = tmp_path_factory.mktemp("data") / "streets"
    draw_streets(root, train=2, val=3, seed=3)
    return root


@pytest.fixture(scope="session", autouse=True)
def runtime(tmp_path_factory):
    """Whether onnxruntime-web is here. Without it the format `web` is written all the same."""
    with pytest.MonkeyPatch.context() as patch:
        try:
            web.find_runtime()
            real = True
        except UserError:
            real = False
            folder = tmp_path_factory.mktemp("npm") / web.PACKAGE
            patch.setenv(web.VARIABLE, str(make_runtime(folder)))
        yield real


@pytest.fixture(scope="session")
def run_dir(drawn, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return make_run(folder / "small", root=drawn, cache=folder / "cache")


@pytest.fixture(scope="session")
def samples(run_dir):
    catalog = open_catalog(load_config(run_dir / "config.yaml"), splits=("val",))
    return CheckSamples(catalog, count=2)


@pytest.fixture(scope="session")
def exported(run_dir, samples, drawn, tmp_path_factory):
    """A version directory with every format that is installed, float16 and INT8 among them."""
    out = tmp_path_factory.mktemp("exports") / "small"
    return export_small(run_dir, samples, out, int8=drawn / "leftImg8bit" / "train", float16=True)
