"""Temperature scaling against a known temperature and a search over a grid."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.evaluation.temperature import (
    calibrate,
    fit_temperature,
    read_temperature,
    tempered_confidence,
)
from kerasseg.metrics.calibration import Reliability
from kerasseg.metrics.split_scores import TemperatureFit
from tests.data.drawn_catalog import draw_catalog


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def drawn(seed, n, temperature, classes=5):
    """Probabilities that say more (or less) than they know: the truth is drawn from the logits
    over `temperature`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, classes))
    honest = softmax(logits / temperature)
    truth = (honest.cumsum(axis=-1) > rng.random((n, 1))).argmax(axis=-1)
    return softmax(logits).astype(np.float32), truth


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(temperature):
    probabilities, truth = drawn(0, 20_000, temperature)
    found = fit_temperature(probabilities, truth)
    assert found == pytest.approx(temperature, rel=0.05)

    def likelihood(t):
        powers = probabilities.astype(float) ** (1 / t)
        return -np.log(
            (powers / powers.sum(axis=-1, keepdims=True))[range(len(truth)), truth]
        ).mean()

    grid = np.geomspace(0.2, 6, 200)
    best = grid[np.argmin([likelihood(t) for t in grid])]
    assert found == pytest.approx(best, rel=0.02)


def test_fitted_again_the_temperatures_compose():
    probabilities, truth = drawn(0, 20_000, 3.0)
    powers = probabilities.astype(float) ** (1 / 1.7)
    tempered = powers / powers.sum(axis=-1, keepdims=True)
    once = fit_temperature(probabilities, truth)
    again = fit_temperature(tempered, truth, applied=1.7)
    assert again == pytest.approx(once, rel=1e-3)
    assert fit_temperature(tempered, truth) == pytest.approx(once / 1.7, rel=1e-3)


def test_the_tempered_confidence():
    probabilities, _ = drawn(1, 50, 1.0)
    powers = probabilities.astype(float) ** (1 / 2.5)
    expected = powers.max(axis=-1) / powers.sum(axis=-1)
    np.testing.assert_allclose(tempered_confidence(probabilities, 2.5), expected, rtol=1e-5)
    np.testing.assert_allclose(
        tempered_confidence(probabilities, 1.0), probabilities.max(axis=-1), rtol=1e-5
    )
    certain = np.array([[1, 0, 0]], np.float32)
    assert tempered_confidence(certain, 20.0)[0] < 1  # a logarithm of 0 stays finite


class Loud:
    """A predictor that is three times as sure as it should be, on labels it has seen."""

    gives_probabilities = True

    def __init__(self, catalog, split, *, temperature=None):
        self.description = SimpleNamespace(temperature=temperature)
        self.seen = []
        self._answers = {}
        for i, sample in enumerate(catalog.splits[split]):
            shape = np.asarray(catalog_label(catalog, sample)).shape
            p, truth = drawn(i, shape[0] * shape[1], 3.0, classes=12)
            self._answers[i] = p.reshape(*shape, 12), truth.reshape(shape)
        self._turn = iter([0, 2, 4, 1, 3])

    def predict(self, image, *, probabilities):
        assert probabilities
        index = next(self._turn)
        self.seen.append(index)
        p, _ = self._answers[index]
        return type(
            "Found", (), {"probabilities": p, "labels": p.argmax(-1), "confidence": p.max(-1)}
        )


def catalog_label(catalog, sample: Sample):
    from kerasseg.data.label_png import read_label

    return read_label(
        sample.label,
        label_encoding=catalog.label_encoding,
        table=catalog.label_set.table,
        color_table=catalog.color_table,
    )


def write_truth(catalog, predictor):
    from PIL import Image

    for i, sample in enumerate(catalog.splits["train"]):
        Image.fromarray(predictor._answers[i][1].astype(np.uint8)).save(sample.label)


def test_half_is_fitted_and_the_other_half_is_scored(tmp_path):
    catalog = draw_catalog(tmp_path, count=5, size=(40, 50))
    predictor, calls = Loud(catalog, "train"), []
    write_truth(catalog, predictor)
    found = calibrate(predictor, catalog, split="train", each_image=calls.append)
    assert predictor.seen == [0, 2, 4, 1, 3]
    assert calls == [1, 2, 3, 4, 5]
    assert (found.images_fitted, found.images_scored) == (3, 2)
    # Void, which is label 11, is neither fitted nor scored, so the truth is a little surer.
    assert found.value == pytest.approx(3.0, rel=0.15)
    reliability = Reliability()
    for i in (1, 3):
        p, truth = predictor._answers[i]
        valid = truth != 11
        reliability.add(p.max(-1)[valid], (p.argmax(-1) == truth)[valid])
    assert found.ece_before == pytest.approx(reliability.error)
    assert found.ece_after < 0.05 < 0.2 < found.ece_before


def test_what_cannot_be_fitted_is_said(tmp_path):
    catalog = draw_catalog(tmp_path, count=1, size=(8, 9))
    predictor = Loud(catalog, "train")
    with pytest.raises(UserError, match="found 1 image in train, at least 2 needed"):
        calibrate(predictor, catalog, split="train", each_image=lambda done: None)
    predictor.gives_probabilities = False
    with pytest.raises(UserError, match=r"gives no probabilities.*--probabilities"):
        calibrate(predictor, catalog, split="train", each_image=lambda done: None)


def test_a_temperature_is_a_number_or_a_file_of_evaluate(tmp_path):
    file = tmp_path / "scores.json"
    fit = TemperatureFit(
        value=0.75, ece_before=0.2, ece_after=None, images_fitted=2, images_scored=1
    )
    file.write_text(json.dumps({"split": "val", **fit.to_json()}))
    assert read_temperature(str(file)) == 0.75
    assert read_temperature("1.5") == 1.5


@pytest.mark.parametrize("text", ["0", "-1", "nan", "21"])
def test_other_numbers_are_refused(text):
    with pytest.raises(
        UserError, match=r"--temperature: found .*, allowed: number from 0.05 to 20"
    ):
        read_temperature(text)


@pytest.mark.parametrize(
    "content", [None, "{}", "no json", '{"temperature": 3}', '{"temperature": {"value": 1}}']
)
def test_other_files_are_refused(tmp_path, content):
    file = tmp_path / "scores.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=r"scores.json: .*allowed: number"):
        read_temperature(str(file))
