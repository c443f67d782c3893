"""The ranking keeps pictures of the first images alone, whatever order they come in."""

import csv
from itertools import count

import numpy as np
from PIL import Image

from kerasseg.inference.label_next import SHOWN, Ranking
from kerasseg.inference.result import Prediction
from kerasseg.labels import camvid_labels


def predicted(value):
    labels = np.zeros((30, 40), np.uint8)
    return Prediction(
        labels=labels,
        confidence=np.full(labels.shape, 1 - value, np.float32),
        uncertainty=np.full(labels.shape, value, np.float32),
        label_set=camvid_labels(void="background"),
    )


def ranked(tmp_path, values):
    ranking = Ranking()
    for number, value in zip(count(), values):
        image = np.full((30, 40, 3), number, np.uint8)
        ranking.add(tmp_path / f"{number:02}.png", image, predicted(value))
    return ranking.write(tmp_path / "rank.csv")


def test_many_images_in_any_order(tmp_path):
    values = np.random.default_rng(0).permutation(np.linspace(0, 0.9, 40)).round(3)
    table, sheet = ranked(tmp_path, values)
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = [float(row["image_uncertainty"]) for row in rows]
    np.testing.assert_allclose(found, sorted(values, reverse=True), atol=1e-6)
    with Image.open(sheet) as picture:
        assert picture.height == (SHOWN // 2) * (240 + 22 + 8) + 8


def test_ties_are_ordered_by_name(tmp_path):
    table, _ = ranked(tmp_path, [0.5] * 30)
    with table.open(newline="", encoding="utf-8") as file:
        names = [row["image"] for row in csv.DictReader(file)]
    assert names == sorted(names)


def test_a_single_image(tmp_path):
    _, sheet = ranked(tmp_path, [0.25])
    with Image.open(sheet) as picture:
        assert picture.size == (4 * 320 + 5 * 8, 240 + 22 + 2 * 8)
