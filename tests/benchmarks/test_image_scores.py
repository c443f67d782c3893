"""benchmarks/image_scores.py: a correlation for each aggregate, from an .onnx file's answers."""

import json

import numpy as np
import pytest

from benchmarks.image_scores import AGGREGATES, correlation
from kerasseg.streets.draw import draw_streets
from tests.inference.small_model import small_graph, write_onnx
from tests.programs import PROJECT, run_program


def test_every_aggregate_has_a_correlation(tmp_path):
    draw_streets(tmp_path / "streets", train=1, val=5, seed=2)
    write_onnx(tmp_path / "model.onnx", small_graph())
    words = [PROJECT / "benchmarks" / "image_scores.py", tmp_path / "model.onnx"]
    settings = ["data.root=streets", "data.cache_dir=cache"]
    done = run_program([*words, "--config", "streets", *settings], folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["images"] == 5
    assert len(found["spearman"]) == 2 * len(AGGREGATES)
    assert -1 <= found["spearman"]["uncertainty, mean"] <= 1


def test_ranks_count_and_what_has_none_has_no_correlation():
    assert correlation([0.1, 0.2, 0.9], [0.0, 0.5, 0.6]) == pytest.approx(1)
    assert correlation([0.1, 0.2, 0.9], [0.6, 0.5, 0.0]) == pytest.approx(-1)
    assert correlation([0.5, 0.5, 0.5], [0.6, 0.5, 0.0]) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mean", 0.4), ("median", 0.3), ("share above 0.5", 1 / 3), ("mean square", 0.3)],
)
def test_what_an_aggregate_is(name, expected):
    assert AGGREGATES[name](np.array([0.0, 0.3, 0.9])) == pytest.approx(expected)
