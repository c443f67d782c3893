"""What holds for every row of the table of metrics, and for the file that they make up."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.evaluation import METRICS
from kerasseg.labels import cityscapes_labels
from kerasseg.metrics.confusion import ConfusionMatrix
from kerasseg.metrics.scorer import ScoredImage
from kerasseg.metrics.split_scores import Seconds, SplitScores, TemperatureFit
from kerasseg.metrics.uncertainty_scores import uncertainty_scores

LABELS = cityscapes_labels(void="background")
SHAPE = (40, 60)
OPTIONAL = {field.name for field in fields(SplitScores) if field.default is None}


def scored_image(seed):
    """With everything that a metric may ask for."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, len(LABELS.ids), (4, 6))
    truth = np.kron(blocks, np.ones((10, 10))).astype(np.uint8)
    instances = np.array(LABELS.ids)[truth] * 1000 + seed
    unknown = np.zeros(SHAPE, bool)
    unknown[:7, :9] = True
    truth[unknown] = 255
    probabilities = rng.random((*SHAPE, LABELS.num_outputs)).astype(np.float32)
    np.put_along_axis(probabilities, np.minimum(truth, 19)[..., None], 1.2, axis=-1)
    probabilities /= probabilities.sum(axis=-1, keepdims=True)
    probabilities[rng.random(SHAPE) < 0.3] = 1 / LABELS.num_outputs
    confidence = probabilities.max(axis=-1)
    return ScoredImage(
        classes=LABELS.num_classes,
        truth=truth,
        labels=probabilities.argmax(axis=-1).astype(np.uint8),
        name=f"image {seed}",
        confidence=confidence,
        probabilities=probabilities,
        place=seed,
        uncertainty_scores=uncertainty_scores(
            confidence=confidence,
            uncertainty=1 - confidence**2,
            variance=confidence,
            probabilities=probabilities,
        ),
        unknown_scores={"p(background)": probabilities[..., 19]},
        instances=instances,
        unknown=unknown,
    )


def measured(images):
    """{metric: scores, None where it found nothing to measure}"""
    matrix = ConfusionMatrix(LABELS.num_classes)
    scorers = {name: metric.start(LABELS) for name, metric in METRICS.items()}
    for image in images:
        matrix.merge(image.confusion)
        for scorer in scorers.values():
            scorer.add(image)
    return {name: scorer.scores(matrix) for name, scorer in scorers.items()}


@pytest.fixture(scope="module")
def parts():
    return measured([scored_image(seed) for seed in range(2)])


@pytest.fixture(scope="module")
def scores(parts):
    return SplitScores(
        split="val",
        images=2,
        **parts,
        temperature=TemperatureFit(1.5, 0.25, None, images_fitted=1, images_scored=1),
        seconds=Seconds({"labels": 0.125}),
    )


def test_the_scores_of_a_split_have_a_field_for_each_metric():
    own = {"split", "images", "temperature", "seconds"}
    assert [field.name for field in fields(SplitScores) if field.name not in own] == list(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_written_and_read_back(name, parts):
    part = parts[name]
    written = json.loads(json.dumps(part.to_json(), allow_nan=False))
    assert written
    assert type(part).from_json(written) == part


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_tells_its_scores(name, parts):
    for score in parts[name].summary():
        assert np.isfinite(score.value)
        assert score.text == f"{score.value:{score.form}}"
        assert score.better in ("higher", "lower", "")


@pytest.mark.parametrize("name", [name for name in METRICS if name in OPTIONAL])
def test_a_file_from_before_a_metric_was_there_is_read(name, parts, scores):
    data = scores.to_json()
    for key in parts[name].to_json():
        del data[key]
    assert SplitScores.from_json(data, source="metrics.json") == replace(scores, **{name: None})


def test_keys_and_names_belong_to_one_metric(parts):
    keys = [key for part in parts.values() for key in part.to_json()]
    names = [score.name for part in parts.values() for score in part.summary()]
    assert len(set(keys)) == len(keys) > 15
    assert len(set(names)) == len(names) > 20


def test_labels_alone_are_enough():
    image = scored_image(0)
    bare = ScoredImage(classes=image.classes, truth=image.truth, labels=image.labels)
    found = {name for name, part in measured([bare]).items() if part is not None}
    assert found >= {"overlap", "forced", "each_image", "categories", "boundaries"}
    assert not found & {
        "instances",
        "calibration",
        "errors",
        "unknown",
        "unknown_objects",
        "unlabelled",
    }


def test_one_image_without_instances_leaves_the_split_without():
    images = [scored_image(0), replace(scored_image(1), instances=None)]
    assert measured(images[:1])["instances"].miiou is not None
    assert measured(images)["instances"] is None
    turned = [replace(image, place=place) for place, image in enumerate(images[::-1])]
    assert measured(turned)["instances"] is None


def test_the_file_has_the_keys_that_other_programs_read(scores, tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(scores.to_json()))
    assert SplitScores.from_file(path) == scores
    promised = [
        "split", "images", "miou", "pixel_accuracy", "image_accuracy", "classes", "confusion",
        "miou_forced", "each_image", "categories", "miou_categories", "iiou", "miiou",
        "categories_iiou", "miiou_categories", "boundary_iou", "boundary_f", "trimap_miou", "ece",
        "reliability", "ece_boundary", "reliability_boundary", "errors", "unknown",
        "unknown_objects", "unlabelled", "temperature", "seconds",
    ]  # fmt: skip
    assert [key for key in scores.to_json() if key in promised] == promised
    assert scores.to_json()["classes"]["road"].keys() == {"iou", "pixels"}


def test_the_rankings_can_be_left_out_of_the_summary(scores):
    everything = {score.name for score in scores.summary()}
    left_out = everything - {score.name for score in scores.summary(rankings=False)}
    names = ("error AUROC", "error AUGRC", "unknown AP", "unknown FPR95", "unknown object F1")
    assert left_out == {
        f"{what}, {score}"
        for what in (*names, "unknown caught at 2%", "mIoU with 2% unlabelled")
        for score in ("uncertainty", "variance")
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.pop("miou"), "the key 'miou' is missing"),
        (lambda data: data.pop("reliability"), "the key 'reliability' is missing"),
        (lambda data: data["classes"]["road"].pop("pixels"), "the key 'pixels' is missing"),
        (lambda data: data.update(miou="high"), "found 'high', allowed: number | null"),
        (lambda data: data.update(classes=[1]), "not the scores of a split"),
        (lambda data: data.update(unknown=3), "not the scores of a split"),
    ],
)
def test_what_is_no_file_of_scores_is_named(change, message, scores, tmp_path):
    data = json.loads(json.dumps(scores.to_json()))
    change(data)
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(data))
    with pytest.raises(UserError) as caught:
        SplitScores.from_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "metrics.json").write_text("{")
    for path in (tmp_path, tmp_path / "none.json", tmp_path / "metrics.json"):
        with pytest.raises(UserError, match=f"^{path}: cannot be read"):
            SplitScores.from_file(path)
