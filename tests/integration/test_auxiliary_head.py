"""A run with an auxiliary head, whose batches come in parts: it resumes exactly, and nothing that
leaves it has the head."""

import re
import signal
import zipfile
from collections import Counter

import numpy as np
import onnx
import pytest
import tensorflow as tf

from kerasseg.config import load_config
from kerasseg.data.catalog import open_catalog
from kerasseg.export.check_images import CheckSamples
from tests.export.untrained import export_small, make_run
from tests.integration.same_run import assert_same_run, final_state, history
from tests.integration.small_run import SMALL
from tests.programs import PROJECT

TRAIN = str(PROJECT / "train.py")
BARE = str(PROJECT / "tests" / "integration" / "bare_run.py")
KILLED = str(PROJECT / "tests" / "integration" / "killed_run.py")
NET = {
    "model.width": 4,
    "model.depth": 3,
    "model.upsampling": "pixel_shuffle",
    "data.image_size": "[32, 64]",
}
BOTH = ("savedmodel", "onnx")
ON = [
    *SMALL,
    *(f"{name}={value}" for name, value in NET.items()),
    "model.auxiliary_stride=8",
    "loss.auxiliary=0.4",
    "train.accumulate=2",
]

pytestmark = pytest.mark.slow


def structure_of(run):
    """What best.keras says of its layers, but for the seeds they were made with."""
    with zipfile.ZipFile(run / "best.keras") as archive:
        return re.sub(rb'"seed": \d+', b'"seed": 0', archive.read("config.json"))


def exported_parts(version):
    """Of an export: how often ONNX has each op, the shapes of its kernels, the variables of the
    SavedModel. ONNX' names are drawn anew in each conversion, and what is equal is kept once."""
    graph = onnx.load(version / "model.onnx").graph
    ops = Counter(node.op_type for node in graph.node)
    kernels = sorted(tuple(each.dims) for each in graph.initializer if len(each.dims) == 4)
    variables = tf.train.list_variables(str(version / "variables" / "variables"))
    return ops, kernels, sorted(map(str, variables))


def test_it_resumes_exactly_and_is_in_nothing_that_leaves_the_run(streets, run_command, tmp_path):
    def settings(run_dir):
        return [f"data.root={streets}", f"run_dir={run_dir}", *ON]

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = run_command(TRAIN, *settings(whole))
    assert done.returncode == 0, done.stderr
    assert all(float(row["auxiliary"]) > 0 for row in history(whole))
    # Batches of 2 images are counted, not their parts.
    assert [row["images_seen"] for row in history(whole)] == ["8", "16", "24"]
    assert [row["steps"] for row in history(whole)] == ["4"] * 3
    assert run_command(KILLED, "step:7", *settings(killed)).returncode == -signal.SIGKILL
    resumed = run_command(BARE, *settings(killed))
    assert "resuming after step 6" in resumed.stdout, resumed.stderr
    assert_same_run(killed, whole)
    assert all(np.isfinite(values).all() for values in final_state(whole).values())

    refused = run_command(TRAIN, *settings(whole), "loss.auxiliary=0")
    assert refused.returncode == 2
    assert "loss.auxiliary" in refused.stderr

    plain = make_run(tmp_path / "plain", root=streets, cache=tmp_path / "facts", **NET)
    assert structure_of(whole) == structure_of(plain)
    catalog = open_catalog(load_config(plain / "config.yaml"), splits=("val",))
    samples = CheckSamples(catalog, count=1)
    parts = [
        exported_parts(export_small(run, samples, tmp_path / f"{run.name}_export", formats=BOTH))
        for run in (whole, plain)
    ]
    assert parts[0] == parts[1]
