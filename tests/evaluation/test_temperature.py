"""Temperature scaling against a known temperature and a search over a grid."""

import json

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.evaluation.temperature import fit_temperature, read_temperature, tempered
from kerasseg.metrics.split_scores import TemperatureFit
from tests.evaluation.sure_probabilities import drawn


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


def test_tempered_probabilities():
    probabilities, _ = drawn(1, 50, 1.0)
    powers = probabilities.astype(float) ** (1 / 2.5)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(tempered(probabilities, 2.5), expected, rtol=1e-5)
    np.testing.assert_allclose(tempered(probabilities, 1.0), probabilities, rtol=1e-5, atol=1e-7)
    certain = np.array([[1, 0, 0]], np.float32)
    assert tempered(certain, 20.0)[0, 0] < 1  # a logarithm of 0 stays finite


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
