"""Images of several sizes and orientations: trained, resumed, packed, exported and scored alike."""

import json
import shutil
from pathlib import Path

import pytest

from kerasseg.data.storage import sha256_of
from tests.integration.mixed_streets import mix_sizes
from tests.integration.same_run import assert_same_run, history
from tests.integration.small_run import SMALL
from tests.programs import PROJECT

pytestmark = pytest.mark.slow

TRAIN, EXPORT = str(PROJECT / "train.py"), str(PROJECT / "export.py")


@pytest.fixture
def mixed(streets, tmp_path):
    root = Path(shutil.copytree(streets, tmp_path / "data"))
    mix_sizes(root)
    return root


def test_mixed_sizes_from_files_and_packed_and_through_every_format(
    mixed, tmp_path, monkeypatch, run_command
):
    def run(*arguments):
        done = run_command(*arguments)
        assert done.returncode == 0, done.stderr
        return done

    run("-m", "kerasseg", "pack", str(mixed), "packed")
    for name, root in (("files", "data"), ("shards", "packed")):
        run(TRAIN, f"data.root={root}", f"run_dir={name}", *SMALL)
    assert len(history(tmp_path / "files")) == 3
    assert_same_run(tmp_path / "files", tmp_path / "shards")
    document = json.loads((tmp_path / "files" / "labels.json").read_text())
    assert (document["one_size"], document["scale"]) == (False, None)
    # The parity gate: SavedModel and ONNX against Keras on the images of all sizes.
    options = ("--images", "3", "--int8", "data/leftImg8bit/train", "--zip")
    said = run(EXPORT, "files", "--out", "export", *options).stdout
    digest = sha256_of(str(tmp_path / "export" / "files-1.zip"))
    assert said.endswith(f"export/1\nexport/files-1.zip: sha256 {digest}\n")
    config = ("--config", str(PROJECT / "configs" / "streets.yaml"), "data.root=data")
    expected = json.loads((tmp_path / "files" / "metrics.json").read_text())
    monkeypatch.setenv("KERASSEG_CACHE", str(tmp_path / "models"))
    for model in ("export/model.onnx", "export/files-1.zip"):
        run("-m", "kerasseg", "evaluate", model, *config, "--json", "scores.json")
        scores = json.loads((tmp_path / "scores.json").read_text())
        assert scores["miou"] == pytest.approx(expected["miou"], abs=1e-3)
        assert scores["pixel_accuracy"] == pytest.approx(expected["pixel_accuracy"], abs=1e-3)


def test_a_run_on_mixed_sizes_resumes_exactly(mixed, tmp_path, run_command):
    settings = (f"data.root={mixed}", *SMALL)
    straight = run_command(TRAIN, "run_dir=straight", *settings)
    assert straight.returncode == 0, straight.stderr
    killed = run_command(
        str(PROJECT / "tests/integration/killed_run.py"), "step:7", "run_dir=killed", *settings
    )
    assert killed.returncode != 0
    resumed = run_command(TRAIN, "run_dir=killed", *settings)
    assert resumed.returncode == 0, resumed.stderr
    assert_same_run(tmp_path / "straight", tmp_path / "killed")
