"""The command as a user runs it: cells are made once, refused settings cost nothing."""

import csv
import json
import os
import shlex
import signal
import time

import numpy as np
import pytest
from PIL import Image

from kerasseg.commands.main import start
from kerasseg.config import differing_settings, load_config
from kerasseg.errors import UserError
from tests.integration.conftest import streets  # noqa: F401
from tests.integration.small_run import SMALL
from tests.programs import PROJECT, run_program, start_program

# The cells are forked, and leave out what tests of TensorBoard and of the page have.
BARE = """
import sys
from kerasseg.commands.main import main
from tests.integration.bare_run import draw_nothing
draw_nothing()
sys.exit(main())
"""
COMMON = ("--config", str(PROJECT / "configs" / "streets.yaml"), "--runs", "cells")


@pytest.fixture
def arguments(streets):  # noqa: F811
    settings = [text for text in SMALL if "validate_every" not in text and "panels" not in text]
    return ("ablate", *COMMON, f"data.root={streets}", *settings)


@pytest.mark.slow
def test_cells_are_filled_in_pieces_and_each_can_be_run_alone(arguments, tmp_path):
    def run(*words):
        cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
        command = ["-m", "kerasseg", *arguments, *words]
        return run_program(command, folder=tmp_path, fork_children=True, **cache)

    first = run("--steps", "4", "--seeds", "1", "--variants", "plain")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == "cells/table.md"
    plain = tmp_path / "cells" / "plain-seed0"
    weights = plain / "best.keras"
    made = weights.stat().st_mtime_ns
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, pixels in (("a.jpg", 90), ("a_labels.png", 0)):
        mask = np.full((40, 60), pixels, np.uint8)
        mask[10:20, 10:20] = 2
        Image.fromarray(mask).save(photos / name)
    more = ("--variants", "plain,full", "--out", "table", "--anomalies", "photos")
    second = run("--seeds", "1", *more)
    assert second.returncode == 0, second.stderr
    assert weights.stat().st_mtime_ns == made
    with (tmp_path / "table" / "table.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [(line["variant"], line["seed"]) for line in table] == [("plain", "0"), ("full", "0")]
    for line in table:
        name = f"{line['variant']}-seed0"
        cell = json.loads((tmp_path / "table" / "cells" / f"{name}.json").read_text())
        scores = json.loads((tmp_path / "cells" / name / "metrics.json").read_text())
        assert "each_image" in scores
        assert not {"each_image", "confusion", "reliability"} & set(cell)
        assert set(cell["errors"]["entropy"]) == {
            "auroc",
            "average_precision",
            "risk_coverage_area",
            "generalized_risk_coverage_area",
        }
        assert cell["miou"] == pytest.approx(scores["miou"], abs=1e-12)
        assert float(line["mIoU"]) == pytest.approx(scores["miou"], abs=1e-8)
        assert cell["anomalies"]["images"] == 1
        assert 0 <= float(line["anomaly AP, uncertainty"]) <= 1
        assert 1e8 < cell["peak_memory_bytes"] < 1e11
        with (tmp_path / "cells" / name / "history.csv").open(newline="") as file:
            assert [row["images_seen"] for row in csv.DictReader(file)][-1] == "8"
    # The command of a cell, given by itself, would go on with the very same run.
    words = shlex.split(cell["command"])
    assert words[:5] == ["python", "-m", "kerasseg", "train", "--config"]
    # Whatever becomes of the defaults: the command says how strong the ideas were.
    named = {word.partition("=")[0] for word in words}
    assert {"loss.boundary_weight", "loss.uncertainty_weight", "train.stages"} <= named
    full = load_config(tmp_path / "cells" / "full-seed0" / "config.yaml")
    alone = load_config(words[5], words[6:])
    assert differing_settings(full, alone) == []
    third = run("--steps", "5", "--seeds", "1")
    assert third.returncode == 2
    assert third.stderr == "error: cells: its cells have 4 steps; other steps, other --runs\n"


@pytest.mark.slow
def test_a_sweep_trains_a_cell_for_each_value(arguments, tmp_path):
    words = ("--steps", "2", "--seeds", "1", "--sweep", "loss.boundary_weight=2,4")
    command = ["-c", BARE, *arguments, *words]
    found = run_program(command, folder=tmp_path, fork_children=True)
    assert found.returncode == 0, found.stderr
    for value in (2, 4):
        name = f"boundary_weight-{value}-seed0"
        cell = json.loads((tmp_path / "cells" / "cells" / f"{name}.json").read_text())
        assert cell["variant"] == f"boundary_weight={value}"
        assert cell["seed"] == 0
        config = load_config(tmp_path / "cells" / name / "config.yaml")
        assert config.loss.boundary_weight == value
    header = (tmp_path / "cells" / "table.md").read_text().splitlines()[0]
    assert header == "|  | boundary_weight=2 | boundary_weight=4 |"


@pytest.mark.slow
def test_a_stop_in_the_middle_of_a_cell_loses_nothing(arguments, streets, tmp_path):  # noqa: F811
    command = ["-c", BARE, *arguments, "--steps", "40", "--seeds", "1", "--variants", "full"]

    def start():
        cache = {"XDG_CACHE_HOME": str(tmp_path / "c")}
        return start_program(command, folder=tmp_path, session=True, fork_children=True, **cache)

    child = start()
    state = tmp_path / "cells" / "full-seed0" / "state"
    for _ in range(600):
        if len(list(state.glob("*.npz"))) > 1 or child.poll() is not None:
            break
        time.sleep(0.1)
    os.killpg(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=240)
    assert child.returncode == 3, errors
    assert "Traceback" not in errors
    child = start()
    _, errors = child.communicate(timeout=240)
    assert child.returncode == 0, errors
    assert (tmp_path / "cells" / "table.md").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--seeds", "1"), "--minutes: found None, allowed: a number above 0, or --steps N"),
        (("--minutes", "0"), "--minutes: found 0.0"),
        (("--minutes", "1", "--steps", "2"), "--steps: not allowed with argument --minutes"),
        (
            ("--variants", "full", "--sweep", "seed=1"),
            "--sweep: not allowed with argument --variants",
        ),
        (("--steps", "0"), "--steps: found 0, allowed: integer >= 1"),
        (("--steps", "2", "--variants", "fool"), "--variants: found fool"),
        (("--steps", "2", "--sweep", "loss.k=1"), "--sweep: loss.k: no such setting"),
        (("--steps", "2", "--sweep", "seed=1,2"), "--sweep: seed: the cells have it from --seeds"),
        (("--steps", "2", "--sweep", "model.width=4,x"), 'model.width: found "x"'),
        (("--steps", "2", "loss.boundary_weight=1.0"), "loss.boundary_weight: found 1"),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(words, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as refused:
        start(["ablate", *COMMON, *words])
    assert message in str(refused.value)
    assert not list(tmp_path.iterdir())
