"""Unknown things in a folder of photos, against scikit-learn on all pixels at once."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score, roc_auc_score

from kerasseg import gpus
from kerasseg.commands.main import start
from kerasseg.errors import UserError
from kerasseg.evaluation.anomalies import AnomalyScores, evaluate_anomalies, find_anomalies
from kerasseg.evaluation.answers import Answer
from kerasseg.labels import camvid_labels
from tests.inference.small_model import blotches, small_graph, write_onnx, write_run

LABELS = camvid_labels(void="background")
SHAPE = (20, 30)


@pytest.fixture
def folder(tmp_path):
    """Three photos with a thing in it, drawn with 2 as Road Anomaly does."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(3):
        mask = np.zeros(SHAPE, np.uint8)
        mask[4 + i : 12, 5:20] = 2
        Image.fromarray(blotches(*SHAPE, seed=i)).save(photos / f"cow{i}.jpg")
        Image.fromarray(mask).save(photos / f"cow{i}_labels.png")
    (photos / "credits.txt").write_text("drawn")
    return photos


def answer(sample):
    rng = np.random.default_rng(int(sample.name[-1]))
    logits = rng.normal(0, 2, (*SHAPE, 12))
    logits[2:9, 8:25, 11] += 2
    p = np.exp(logits)
    p = (p / p.sum(axis=-1, keepdims=True)).astype(np.float32)
    extra = {"max logit": np.exp(-logits.max(axis=-1)).astype(np.float32)}
    return Answer(p.argmax(-1).astype(np.uint8), p.max(-1), -np.log(p[..., 0]), p, extra)


def test_every_score_over_all_pixels(folder):
    samples, calls = find_anomalies(folder), []
    scores = evaluate_anomalies(answer, samples, LABELS, each_image=calls.append)
    assert calls == [1, 2, 3]
    assert (scores.unknown.images, scores.unknown.with_things) == (3, 3)
    assert (scores.unknown_objects.images, scores.unknown_objects.things) == (1, 1)
    assert (scores.unlabelled.images_fitted, scores.unlabelled.images_scored) == (2, 1)
    answers = [answer(sample) for sample in samples]
    unknown = np.concatenate([np.asarray(Image.open(s.label)).ravel() > 0 for s in samples])
    expected = {
        "uncertainty": [a.uncertainty for a in answers],
        "1 - confidence": [1 - a.confidence for a in answers],
        "entropy": [-(a.probabilities * np.log(a.probabilities)).sum(-1) for a in answers],
        "p(background)": [a.probabilities[..., 11] for a in answers],
        "max logit": [a.more_scores["max logit"] for a in answers],
    }
    for part in (scores.unknown, scores.unknown_objects, scores.unlabelled):
        assert part.by_score.keys() == expected.keys()
    assert AnomalyScores.from_json(json.loads(json.dumps(scores.to_json()))) == scores
    for name, values in expected.items():
        point = scores.unlabelled.by_score[name].at(0.05)
        assert point.scored.miou is None
        mask = np.asarray(Image.open(samples[1].label)) > 0  # the thresholds are of the others
        given_up = values[1] > point.threshold
        assert point.scored.given_up == pytest.approx(given_up[~mask].mean())
        assert point.scored.caught == pytest.approx(given_up[mask].mean())
        values = np.concatenate([v.ravel() for v in values])
        assert scores.unknown.by_score[name].auroc == pytest.approx(
            roc_auc_score(unknown, values), abs=1e-3
        )
        average = average_precision_score(unknown, values)
        assert scores.unknown.by_score[name].average_precision == pytest.approx(average, abs=1e-3)


def test_the_command_needs_no_config(folder, tmp_path, capsys):
    Image.new("RGB", (30, 20)).save(folder / "uncut.jpg")  # a photo without a mask
    model, target = tmp_path / "model.onnx", tmp_path / "scores.json"
    write_onnx(model, small_graph())
    start(["evaluate", str(model), "--anomalies", str(folder), "--json", str(target)])
    found = json.loads(target.read_text())
    assert found["unknown"].keys() == {
        "images", "with_things", "uncertainty", "1 - confidence", "variance",
    }  # fmt: skip
    assert found["unlabelled"]["uncertainty"]["points"][2]["share"] == 0.02
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines()[1:])) <= 80
    assert f"{found['unknown']['uncertainty']['auroc']:.4f}" in shown
    unused = f"note: --anomalies {folder}: 2 files are not used, such as {folder}/uncut.jpg\n"
    assert shown.startswith(unused)


def test_a_card_that_tensorflow_does_not_use_is_told(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(gpus, "missing_gpu_notice", lambda: "a card is here")
    start(["evaluate", str(write_run(tmp_path / "small")), "--anomalies", str(folder)])
    assert "\na card is here\n" in capsys.readouterr().out


def test_a_mask_on_the_stored_pixels_of_a_turned_photo_is_told_so(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 30)).save(folder / "cow1.jpg", exif=exif)
    Image.new("L", (20, 30)).save(folder / "cow1_labels.png")
    expected = r"found \(30, 20\) pixels, .* has \(20, 30\), turned by EXIF orientation 6"
    with pytest.raises(UserError, match=expected):
        evaluate_anomalies(answer, find_anomalies(folder), LABELS, each_image=lambda done: None)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "cow1.jpg").unlink(), "cow1_labels.png: found 0 images named cow1"),
        (lambda f: (f / "cow1.png").write_bytes(b""), "found 2 images named cow1"),
        (lambda f: [p.unlink() for p in f.glob("*.png")], "no masks there"),
        (lambda f: (f / "cow2_labels.png").write_bytes(b"x"), "cow2_labels.png: cannot be decoded"),
        (
            lambda f: Image.new("L", (3, 3)).save(f / "cow2_labels.png"),
            r"cow2_labels.png: found \(3, 3\) pixels, the image has \(20, 30\)",
        ),
        (
            lambda f: [Image.new("L", SHAPE[::-1]).save(p) for p in f.glob("*.png")],
            "photos: found only 0 in 3 masks",
        ),
        (lambda f: Image.new("RGB", (30, 20)).save(f / "cow0_labels.png"), "expected one channel"),
    ],
)
def test_what_does_not_fit_is_named(folder, spoil, message):
    spoil(folder)
    with pytest.raises(UserError, match=message):
        evaluate_anomalies(answer, find_anomalies(folder), LABELS, each_image=lambda done: None)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        find_anomalies(tmp_path / "none")
