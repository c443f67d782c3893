"""Class-balanced sampling: its frequencies, and an order of (seed, epoch, step) alone."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.data.balanced_order import draw_order, expected_views
from tests.data.drawn_catalog import draw_catalog
from tests.data.test_pipeline import assert_same, batches, training_input

# The last class occurs nowhere, the third in one image alone, the last image has void alone.
PIXELS = np.array([[90, 10, 0, 0], [50, 50, 0, 0], [80, 0, 20, 0], [99, 1, 0, 0], [0, 0, 0, 0]])
VIEWS = np.array([0.4, 0.0, 2.6, 1.0, 1.0])


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_expected_views_are_those_of_a_simulation(balance):
    rng = np.random.default_rng(0)
    found = np.zeros(5)
    draws = 20_000
    for _ in range(draws):
        if rng.random() >= balance:
            found[rng.integers(5)] += 1
        else:
            of_class = PIXELS[:, rng.integers(3)]
            found[rng.choice(5, p=of_class / of_class.sum())] += 1
    expected = expected_views(PIXELS, balance)
    assert expected.sum() == pytest.approx(5)
    # Five standard errors of a share, at most a half.
    assert np.abs(found / draws - expected / 5).max() < 5 * 0.5 / np.sqrt(draws)


def test_an_epoch_shows_each_image_as_often_as_expected():
    order = tf.function(lambda epoch: draw_order(VIEWS, seed=4, epoch=epoch))
    counts = []
    for epoch in range(600):
        images, repetition = (v.numpy() for v in order(tf.constant(epoch)))
        assert len(set(zip(images, repetition, strict=True))) == 5
        counts.append(np.bincount(images, minlength=5))
        for image, last in Counter(images.tolist()).items():
            assert sorted(repetition[images == image]) == list(range(last))
    counts = np.array(counts)
    assert (counts.sum(axis=1) == 5).all()
    assert (counts >= np.floor(VIEWS)).all()
    assert (counts <= np.ceil(VIEWS)).all()
    assert np.abs(counts.mean(axis=0) - VIEWS).max() < 5 * 0.5 / np.sqrt(600)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return draw_catalog(tmp_path_factory.mktemp("noise"), count=5, size=(24, 40))


def test_resume_and_parts_give_the_same_and_a_repeated_image_another_view(catalog):
    training = training_input(catalog, views=VIEWS, batch_size=4)
    whole = batches(training)
    assert len(whole) == len(batches(training_input(catalog, batch_size=4)))
    assert_same(batches(training, 2), whole[2:])
    sets = [training.parts_from_step(0, worker=w, workers=2, replicas=2) for w in (0, 1)]
    parts = [list(part.take(len(whole)).as_numpy_iterator()) for part in sets]
    joined = [
        {name: np.concatenate([a[name], b[name]]) for name in a}
        for a, b in zip(*parts, strict=True)
    ]
    assert_same(joined, whole)
    views = [(int(i), int(e)) for b in whole for i, e in zip(b["index"], b["epoch"], strict=True)]
    assert len(set(views)) == len(views)
    assert max(Counter(int(i) for b in whole[:1] for i in b["index"]).values()) > 1
