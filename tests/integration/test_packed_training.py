"""A training on packed data is the one on its files: weights, history and scores, bit for bit."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tests.integration.same_run import assert_same_run, history
from tests.integration.small_run import SMALL
from tests.programs import PROJECT

pytestmark = pytest.mark.slow

TRAIN = str(PROJECT / "train.py")
BARE = str(PROJECT / "tests" / "integration" / "bare_run.py")


def test_packed_data_trains_to_the_same_run(streets, tmp_path, run_command):
    files, packed = shutil.copytree(streets, tmp_path / "data"), tmp_path / "packed"
    mask = next((files / "gtFine" / "val").rglob("*_unknown.png"))
    Image.fromarray(np.eye(256, 512, dtype=np.uint8) * 255).save(mask)
    done = run_command("-m", "kerasseg", "pack", str(files), str(packed), "--shard-mb", "2")
    assert done.returncode == 0, done.stderr
    assert len(list(packed.glob("train-*.pixels"))) == 3
    for program, name, root in ((BARE, "files", files), (TRAIN, "shards", packed)):
        settings = [f"data.root={root}", f"run_dir={name}", *SMALL]
        done = run_command(program, *settings, "loss.class_weights=median_frequency")
        assert done.returncode == 0, done.stderr
    assert len(history(tmp_path / "files")) == 3
    assert_same_run(tmp_path / "files", tmp_path / "shards")
    # The masks of unknown things, which lie beside the labels, were packed along.
    assert "unknown" in json.loads((tmp_path / "shards" / "metrics.json").read_text())
    pictures = sorted(path.name for path in (tmp_path / "files" / "panels").iterdir())
    assert pictures
    for name in pictures:
        one, other = (
            (tmp_path / run / "panels" / name).read_bytes() for run in ("files", "shards")
        )
        assert one == other
