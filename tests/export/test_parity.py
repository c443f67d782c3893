"""The gate lets a faithful export pass, and no other."""

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.export.parity import TOLERANCE, differences, failures, probes, score


def answers(images):
    """Labels and scores that depend on every pixel alone."""
    red = images[..., 0].astype(np.float32)
    return {
        "labels": (images[..., 0] // 64).astype(np.uint8),
        "confidence": red / 255,
        "uncertainty": 1 - red / 255,
        "image_uncertainty": (1 - red / 255).mean(axis=(1, 2)),
        "variance": red * 0.01,
    }


def spoilt(**changes):
    """The same answers, but for what `changes` does to an array."""
    return lambda images: {
        name: changes.get(name, lambda a: a)(array) for name, array in answers(images).items()
    }


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(0)
    return probes([rng.integers(0, 256, (60, 90, 3)).astype(np.uint8) for _ in range(2)])


def problems(candidate, batches, miou_difference=0.0):
    found = {**differences(answers, candidate, batches), "miou_difference": miou_difference}
    return failures("onnx", found)


def test_probes_have_odd_sizes_one_pixel_and_a_batch(batches):
    sizes = {batch.shape[1:3] for batch in batches}
    assert {(60, 90), (1, 1), (16, 16)} <= sizes
    assert any(height % 2 and width % 2 and height > 1 for height, width in sizes)
    assert max(len(batch) for batch in batches) == 2
    assert all(batch.size and batch.dtype == np.uint8 for batch in batches)


def test_images_of_different_sizes_make_no_batch():
    shapes = ((60, 90, 3), (50, 90, 3))
    assert all(len(b) == 1 for b in probes([np.zeros(shape, np.uint8) for shape in shapes]))


def test_equal_answers_pass(batches):
    found = differences(answers, answers, batches)
    assert found["equal_labels"] == 1.0
    assert found["confidence"] == found["uncertainty"] == found["image_uncertainty"] == 0.0
    assert found["pixels"] == sum(batch[..., 0].size for batch in batches)
    assert problems(answers, batches) == []


def one_in(n):
    def change(labels):
        labels = labels.copy()
        labels.reshape(-1)[::n] += 1
        return labels

    return change


def one_pixel(value):
    def change(array):
        array = array.copy()
        array[0, -1, -1] += value
        return array

    return change


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("equal_labels", {"labels": one_in(1000)}),
        ("confidence", {"confidence": one_pixel(0.01)}),
        ("confidence", {"confidence": one_pixel(np.nan)}),
        ("uncertainty", {"uncertainty": one_pixel(-0.05)}),
        ("variance", {"variance": one_pixel(-0.05)}),
        ("image_uncertainty", {"image_uncertainty": lambda values: values + 0.002}),
    ],
)
def test_a_difference_beyond_the_tolerance_is_named(batches, key, change):
    (line,) = problems(spoilt(**change), batches)
    assert line.startswith(f"parity: onnx: {key} ")
    assert f"{TOLERANCE[key]:g}" in line


@pytest.mark.parametrize("difference", [0.01, -0.01, np.nan])
def test_another_mean_iou_is_named(batches, difference):
    (line,) = problems(answers, batches, difference)
    assert "miou" in line


def test_a_model_without_its_variance_is_not_asked_for_it(batches):
    def three(images):
        return {name: v for name, v in answers(images).items() if name != "variance"}

    assert "variance" not in differences(three, three, batches)
    assert failures("onnx", {**differences(three, three, batches), "miou_difference": 0}) == []


def test_another_shape_is_refused(batches):
    with pytest.raises(UserError, match="confidence of a 60 x 90 image has shape"):
        differences(answers, spoilt(confidence=lambda a: a[:, :-1]), batches)


def test_the_score_is_that_of_the_labels():
    truth = np.array([[0, 1], [1, 255]], np.uint8)
    image = np.zeros((2, 2, 3), np.uint8)
    image[..., 0] = [[0, 64], [0, 0]]
    matrix = score(answers, [(image, truth)], classes=2)
    assert matrix.pixel_accuracy == pytest.approx(2 / 3)
