"""A run with void left out and pasted pieces: scored, described and exported like any other."""

import json

import pytest

from kerasseg.runs.description import ModelDescription
from tests.integration.small_run import SMALL
from tests.programs import PROJECT

pytestmark = pytest.mark.slow


def test_it_is_scored_and_exported(streets, run_command, tmp_path):
    run = tmp_path / "run"
    settings = [*SMALL, "labels.void=ignore", "augment.unknown=4"]
    done = run_command(
        str(PROJECT / "train.py"), *settings, f"data.root={streets}", f"run_dir={run}"
    )
    assert done.returncode == 0, done.stderr
    errors = json.loads((run / "metrics.json").read_text())["errors"]
    assert 0 < errors["uncertainty"]["auroc"] < 1
    labels = ModelDescription.from_file(run / "labels.json").label_set
    assert (labels.void, labels.background_id) == ("pasted", 19)
    exporter = (str(PROJECT / "export.py"), str(run), "--out", str(tmp_path / "exports"))
    done = run_command(*exporter, "--formats", "onnx", "--images", "2")
    assert done.returncode == 0, done.stderr
    version = tmp_path / "exports" / "latest"
    assert ModelDescription.from_file(version / "labels.json").label_set.void == "pasted"
    assert "onnx" in json.loads((version / "parity.json").read_text())
