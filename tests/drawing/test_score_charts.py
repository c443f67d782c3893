"""Plots: what is drawn is what was found."""

import re

import numpy as np
import pytest

from kerasseg.drawing.score_charts import unlabelled_plots, write_plots
from kerasseg.errors import UserError
from kerasseg.metrics.abstention import Unlabelled
from kerasseg.metrics.boundaries import BoundaryScores
from kerasseg.metrics.calibration import CalibrationScorer
from kerasseg.metrics.error_detection import ErrorDetectionScorer
from kerasseg.metrics.scorer import ScoredImage
from kerasseg.metrics.unlabelled import UnlabelledPoint, UnlabelledRanking, UnlabelledScores
from tests.metrics.uncertain_images import scores_of


@pytest.fixture
def found():
    """Calibration and error detection of a model with eight uncertainty scores."""
    rng = np.random.default_rng(0)
    truth = np.kron(rng.integers(0, 3, (4, 6)), np.ones((8, 8), int)).astype(np.uint8)
    labels = np.where(rng.random(truth.shape) < 0.8, truth, 0).astype(np.uint8)
    uncertain = (rng.random(truth.shape) + (labels != truth)).astype(np.float32) / 2
    names = ("uncertainty", "1 - confidence", *(f"score {i}" for i in range(6)))
    image = ScoredImage(
        classes=3,
        truth=truth,
        labels=labels,
        confidence=1 - uncertain,
        uncertainty_scores={
            name: uncertain ** (i + 1) + (name == "uncertainty") for i, name in enumerate(names)
        },
    )
    return {
        "calibration": scores_of(CalibrationScorer(), [image]),
        "errors": scores_of(ErrorDetectionScorer(), [image]),
    }


NOTHING = {"calibration": None, "errors": None, "boundaries": None, "unlabelled": None}
BOUNDARIES = BoundaryScores(
    boundary_iou=0.5, boundary_f={}, trimap_miou={1: 0.2, 2: 0.3, 4: None, 8: 0.4}
)


def words(path):
    """The text of an SVG; matplotlib leaves it as a comment before the outlines."""
    return "\n".join(re.findall(r"<!-- (.*?) -->", path.read_text()))


def test_a_model_has_two_plots(found, tmp_path):
    paths = write_plots(tmp_path / "plots", **{**NOTHING, **found}, miou=0.625)
    assert [path.name for path in paths] == ["reliability.svg", "risk_coverage.svg"]
    assert sorted(p.name for p in (tmp_path / "plots").iterdir()) == sorted(p.name for p in paths)
    reliability, risk = map(words, paths)
    assert f"calibration error {found['calibration'].error:.3f}" in reliability
    assert f"calibration error {found['calibration'].edge_error:.3f}" in reliability
    area = found["errors"].by_score["uncertainty"].risk_coverage_area
    assert f"uncertainty ({area:.3f})" in risk
    assert risk.count("score ") == 5  # the title of the legend, and what fits of the others


def test_edges_have_a_plot_of_their_own(tmp_path):
    edges = {**NOTHING, "boundaries": BOUNDARIES}
    (path,) = write_plots(tmp_path, **edges, miou=0.625)
    assert path.name == "trimap.svg"
    assert "everywhere: 0.625" in words(path)
    (again,) = write_plots(tmp_path / "again", **edges, miou=None)
    assert "everywhere" not in words(again)


def test_what_is_left_unlabelled_is_drawn_as_far_as_it_is_known(tmp_path):
    names = ("uncertainty", *(f"score {i}" for i in range(7)))

    def ranking(best, *, miou=0.7, caught=0.4):
        found = [Unlabelled(x, miou and miou - x, caught and caught + best + x) for x in (0, 0.02)]
        return UnlabelledRanking(found[0], (UnlabelledPoint(0.02, 1.5, found[1]),), tuple(found))

    def drawn(folder, **known):
        by_score = {name: ranking(0.01 * i, **known) for i, name in enumerate(names)}
        scores = {**NOTHING, "unlabelled": UnlabelledScores(3, 2, by_score)}
        return write_plots(tmp_path / folder, **scores, miou=0.7)

    caught, miou = drawn("both")
    assert (caught.name, miou.name) == ("unlabelled_caught.svg", "unlabelled_miou.svg")
    assert "uncertainty (0.420)" in words(caught)  # the worst of all
    assert "score 6 (0.490)" in words(caught)
    assert words(caught).count("score ") == 6  # the title of the legend, and the five best others
    assert "uncertainty (0.680)" in words(miou)
    assert "score 6 (0.680)" in words(miou)  # the same ones
    silent = Unlabelled(0.3, 0.5, 0.4)
    point = UnlabelledPoint(0.02, None, silent)
    own = {"uncertainty": UnlabelledRanking(silent, (point,), (silent,))}
    assert not unlabelled_plots(UnlabelledScores(3, 2, own))
    assert [path.name for path in drawn("no_things", caught=None)] == ["unlabelled_miou.svg"]
    assert [path.name for path in drawn("no_classes", miou=None)] == ["unlabelled_caught.svg"]


def test_labels_alone_have_nothing_to_draw(tmp_path):
    with pytest.raises(UserError, match="--plots: nothing to draw"):
        write_plots(tmp_path, **NOTHING, miou=0.5)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        write_plots(tmp_path / "file", **{**NOTHING, **found}, miou=0.5)
