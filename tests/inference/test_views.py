"""Views against averages by hand, and what the commands say of them."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import jaccard_score

from kerasseg.commands.main import start
from kerasseg.data.working_scale import WorkingScale
from kerasseg.errors import UserError, run_command
from kerasseg.inference.backends.run import RunPredictor
from kerasseg.inference.views import ViewsPredictor, open_views
from kerasseg.labels import VOID
from tests.inference.small_model import blotches, describe_small, small_graph

IMAGE = blotches(60, 90)


def outputs(graph, image):
    found = dict(graph.predict_with_probabilities(np.ascontiguousarray(image)[None]))
    del found["image_uncertainty"]
    return {name: values.numpy()[0] for name, values in found.items()}


def assert_mean(found, views):
    """found: a Prediction. views: outputs of each view, the right way round."""
    mean = np.mean([view["probabilities"] for view in views], axis=0, dtype=np.float64)
    np.testing.assert_allclose(found.probabilities, mean, atol=1e-5)
    np.testing.assert_array_equal(found.labels, found.probabilities.argmax(axis=-1))
    np.testing.assert_array_equal(found.confidence, found.probabilities.max(axis=-1))
    for name in ("uncertainty", "variance"):
        of_views = np.mean([view[name] for view in views], axis=0)
        np.testing.assert_allclose(getattr(found, name), of_views, rtol=1e-3, atol=1e-4)
    assert found.labels.dtype == np.uint8
    assert found.confidence.dtype == found.uncertainty.dtype == np.float32


@pytest.mark.parametrize("kind", ["run_dir", "export_dir"])
def test_flip_is_the_mean_with_the_mirror_image(kind, request, graph):
    predictor = open_views(request.getfixturevalue(kind), flip=True)
    mirrored = {name: v[:, ::-1] for name, v in outputs(graph, IMAGE[:, ::-1]).items()}
    assert_mean(predictor.predict(IMAGE, probabilities=True), [outputs(graph, IMAGE), mirrored])
    assert predictor.predict(IMAGE).probabilities is None


def test_scales_are_the_mean_of_graphs_at_these_scales(run_dir):
    predictor = open_views(run_dir, scales=(0.75, 1.25))
    views = [outputs(small_graph(scale=scale), IMAGE) for scale in (0.375, 0.625)]
    assert_mean(predictor.predict(IMAGE, probabilities=True), views)
    assert not np.allclose(views[0]["probabilities"], views[1]["probabilities"], atol=1e-3)
    batch = predictor.compute(IMAGE[None])
    assert {name: v.shape for name, v in batch.items()} == dict.fromkeys(
        ("labels", "confidence", "uncertainty", "variance"), (1, 60, 90)
    )


def test_without_views_it_is_the_model_itself(run_dir):
    assert not isinstance(open_views(run_dir), ViewsPredictor)
    assert type(open_views(run_dir, scales=(1.0,))) is RunPredictor


def test_the_scale_of_a_description():
    fixed = describe_small()
    assert fixed.at_scale(0.5).working_scale.fixed == 0.25
    by_area = replace(fixed, scale=None, one_size=False)
    assert by_area.at_scale(0.75).working_scale == WorkingScale((96, 192))
    assert by_area.at_scale(1e-9).working_size == (1, 1)
    assert by_area.at_scale(1.0) == by_area


def test_exports_take_no_scales_and_silent_files_no_views(export_dir, onnx_file):
    for path in (export_dir, onnx_file):
        with pytest.raises(UserError, match=r"^--scales: found 0\.75,1, allowed: 1 for .*$"):
            open_views(path, scales=(0.75, 1.0))
    with pytest.raises(UserError, match=r"^--flip: .*export\.py --probabilities adds them$"):
        open_views(onnx_file, flip=True)


def test_predict_writes_the_labels_of_the_mean(run_dir, tmp_path):
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    views = ["--scales", "0.75,1", "--flip", "--submission"]
    out = tmp_path / "out"
    assert start(["predict", str(run_dir), str(tmp_path / "a.png"), "--out", str(out), *views]) == 0
    expected = open_views(run_dir, scales=(0.75, 1.0), flip=True).predict(IMAGE)
    with Image.open(out / "a.png") as file:
        np.testing.assert_array_equal(np.asarray(file), expected.label_ids())


def test_evaluate_scores_the_labels_of_the_mean(run_dir, tmp_path):
    predictor = open_views(run_dir, scales=(0.75, 1.0), flip=True)
    answer = predictor.predict(IMAGE)
    rng = np.random.default_rng(0)
    right = rng.random(IMAGE.shape[:2]) < 0.6
    ids = np.where(right, answer.label_ids(), rng.choice([7, 8, 11], right.shape)).astype(np.uint8)
    for folder, ending, pixels in (
        ("leftImg8bit", "leftImg8bit", IMAGE),
        ("gtFine", "gtFine_labelIds", ids),
    ):
        path = tmp_path / folder / "val" / "town" / f"town_000000_000019_{ending}.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(pixels).save(path)
    data = [f"data.root={tmp_path}", f"data.cache_dir={tmp_path / 'cache'}"]
    words = ["--config", "cityscapes", "--scales", "0.75,1", "--flip", *data]
    found = tmp_path / "scores.json"
    start(["evaluate", str(run_dir), "--json", str(found), *words])
    truth, labels = predictor.label_set.table[ids], answer.labels
    known = truth != VOID
    classes = np.union1d(truth[known], labels[known])
    classes = classes[classes < predictor.label_set.num_classes]
    scores = jaccard_score(truth[known], labels[known], labels=classes, average=None)
    miou = json.loads(found.read_text())["miou"]
    assert miou == pytest.approx(scores.mean(), abs=1e-9)
    assert miou > 0.2


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "4.1", "nan", "1,,2", "1,0"])
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_scales_that_are_none(command, value):
    with pytest.raises(UserError, match=r"^--scales: found .*, allowed: numbers above 0.*$"):
        start([command, "model", "image", f"--scales={value}"])


def test_the_status_of_what_is_refused(onnx_file, tmp_path, capsys):
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    scored = ["evaluate", str(onnx_file), "--config", "streets"]
    answered = ["predict", str(onnx_file), str(tmp_path / "a.png"), "--out", str(tmp_path / "out")]
    for words in (
        [*answered, "--scales=0.5"],
        [*answered, "--flip"],
        [*scored, "--flip", "--temperature"],
        [*scored, "--scales=2", "--compare"],
        ["evaluate", str(tmp_path), "--config", "streets", "--flip"],
    ):
        assert run_command(lambda words=words: start(words)) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "out").exists()
