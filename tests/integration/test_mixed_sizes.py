"""Images of several sizes and orientations: trained, resumed, packed, exported and scored alike."""

import json
import shutil
from pathlib import Path

import pytest

from kerasseg.data.storage import sha256_of
from tests.integration.mixed_streets import mix_sizes
from tests.integration.same_run import assert_same_run, history
from tests.integration.small_run import SMALL
from tests.programs import PROJECT, run_program

pytestmark = pytest.mark.slow

TRAIN, EXPORT = str(PROJECT / "train.py"), str(PROJECT / "export.py")
BARE = str(PROJECT / "tests" / "integration" / "bare_run.py")


@pytest.fixture(scope="module")
def mixed(streets, tmp_path_factory):
    root = Path(shutil.copytree(streets, tmp_path_factory.mktemp("mixed") / "data"))
    mix_sizes(root)
    return root


@pytest.fixture(scope="module")
def trained(mixed):
    """A run on the files, which the tests only read."""
    folder = mixed.parent
    settings = (f"data.root={mixed}", f"run_dir={folder / 'files'}", *SMALL)
    done = run_program([TRAIN, *settings], folder=folder, XDG_CACHE_HOME=str(folder / "cache"))
    assert done.returncode == 0, done.stderr
    return folder / "files"


def test_mixed_sizes_from_files_and_packed_and_through_every_format(
    mixed, trained, tmp_path, monkeypatch, run_command
):
    def run(*arguments):
        done = run_command(*arguments)
        assert done.returncode == 0, done.stderr
        return done

    run("-m", "kerasseg", "pack", str(mixed), "packed")
    run(BARE, "data.root=packed", "run_dir=shards", *SMALL)
    assert len(history(trained)) == 3
    assert_same_run(trained, tmp_path / "shards")
    document = json.loads((trained / "labels.json").read_text())
    assert (document["one_size"], document["scale"]) == (False, None)
    # The parity gate: SavedModel and ONNX against Keras on the images of all sizes.
    options = ("--images", "3", "--int8", str(mixed / "leftImg8bit" / "train"), "--zip")
    said = run(EXPORT, str(trained), "--out", "export", *options).stdout
    digest = sha256_of(str(tmp_path / "export" / "files-1.zip"))
    assert said.endswith(f"export/1\nexport/files-1.zip: sha256 {digest}\n")
    config = ("--config", str(PROJECT / "configs" / "streets.yaml"), f"data.root={mixed}")
    expected = json.loads((trained / "metrics.json").read_text())
    monkeypatch.setenv("KERASSEG_CACHE", str(tmp_path / "models"))
    for model in ("export/model.onnx", "export/files-1.zip"):
        run("-m", "kerasseg", "evaluate", model, *config, "--json", "scores.json")
        scores = json.loads((tmp_path / "scores.json").read_text())
        assert scores["miou"] == pytest.approx(expected["miou"], abs=1e-3)
        assert scores["pixel_accuracy"] == pytest.approx(expected["pixel_accuracy"], abs=1e-3)


def test_a_run_on_mixed_sizes_resumes_exactly(mixed, trained, tmp_path, run_command):
    settings = (f"data.root={mixed}", *SMALL)
    killed = run_command(
        str(PROJECT / "tests/integration/killed_run.py"), "step:7", "run_dir=killed", *settings
    )
    assert killed.returncode != 0
    resumed = run_command(BARE, "run_dir=killed", *settings)
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(trained, tmp_path / "killed")
