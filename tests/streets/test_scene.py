import functools

import numpy as np
import pytest

from kerasseg.labels import cityscapes_labels
from kerasseg.streets.draw import draw_image
from kerasseg.streets.ids import Id

EVALUATED = cityscapes_labels(void="background").ids
COUNT = 40


@functools.cache
def scene(split: str, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Picture and labels of seed 0."""
    return draw_image(0, split, index)


@pytest.fixture(scope="module", params=["train", "val"])
def split(request) -> tuple[str, list[tuple[np.ndarray, np.ndarray]]]:
    return request.param, [scene(request.param, i) for i in range(COUNT)]


def test_pictures_and_labels_have_one_size(split):
    for picture, labels in split[1]:
        assert (picture.shape, picture.dtype) == ((256, 512, 3), np.uint8)
        assert (labels.shape, labels.dtype) == ((256, 512), np.uint8)


def test_every_evaluated_class_occurs_in_several_images(split):
    images = np.zeros(256, int)
    for _, labels in split[1]:
        images += np.bincount(labels.ravel(), minlength=256) >= 40
    seldom = {Id(i).name: int(images[i]) for i in EVALUATED if images[i] < COUNT // 10}
    assert not seldom


def test_labels_are_those_of_cityscapes(split):
    seen = set(np.unique([labels for _, labels in split[1]]).tolist())
    assert seen <= set(range(34))


def test_the_names_agree_with_the_label_table():
    table = cityscapes_labels(void="background")
    names = {"traffic light": "LIGHT", "traffic sign": "SIGN"}
    for name, label_id in zip(table.names, table.ids, strict=True):
        assert Id(label_id).name == names.get(name, name.upper())


def test_unknown_objects_stand_in_val_alone_and_are_of_notable_size(split):
    name, images = split
    shares = np.array([(labels == Id.UNKNOWN).mean() for _, labels in images])
    if name == "train":
        assert not shares.any()
    else:
        shown = shares[shares > 0]
        assert 0.4 <= len(shown) / COUNT <= 0.8
        assert 0.005 <= np.median(shown) <= 0.06


def test_the_label_lies_where_the_colour_is():
    """Shifted by a pixel, labels explain the picture's edges worse than in their own place."""

    def edges(a):
        return np.abs(np.diff(a.astype(float), axis=1))

    score = {}
    for shift in (-2, -1, 0, 1, 2):
        total = 0.0
        for i in range(4):
            picture, labels = draw_image(3, "train", i)
            step = edges(picture.mean(axis=2))
            border = np.roll(edges(labels) > 0, shift, axis=1)
            total += step[4:-24, 8:-8][border[4:-24, 8:-8]].mean()
        score[shift] = total
    assert max(score, key=score.get) == 0


def color_only_iou(train: int, val: int) -> float:
    """Mean IoU of the best guess from a pixel's colour alone (4 bits a channel), on new images."""
    ids = np.array(EVALUATED)
    to_class = np.full(256, -1)
    to_class[ids] = np.arange(len(ids))

    def pixels(name, i):
        picture, labels = scene(name, i)
        cells = picture.astype(int) // 16 @ np.array([256, 16, 1])
        keep = to_class[labels] >= 0
        return cells[keep], to_class[labels[keep]]

    def count(rows, columns, shape):
        flat = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1])
        return flat.reshape(shape)

    colors = sum(count(*pixels("train", i), (4096, len(ids))) for i in range(train))
    guess = colors.argmax(axis=1)
    confusion = 0
    for i in range(val):
        cells, truth = pixels("val", i)
        confusion = confusion + count(truth, guess[cells], (len(ids), len(ids)))
    hits = np.diag(confusion)
    return float((hits / (confusion.sum(0) + confusion.sum(1) - hits)).mean())


@pytest.mark.slow
def test_colour_alone_does_not_solve_the_streets():
    # A histogram of colours, argmax in every cell, is the best there is without neighbours.
    assert color_only_iou(train=150, val=40) < 0.25
