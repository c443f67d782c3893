"""`augment.unknown`: what is pasted, from where, and what becomes of the label."""

from itertools import permutations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.measure import label as components
from skimage.morphology import convex_hull_image

from kerasseg.config import load_config
from kerasseg.data import paste
from kerasseg.data.paste import Paster, paste_piece
from kerasseg.labels import OUTSIDE, VOID
from tests.data.drawn_catalog import draw_catalog
from tests.data.test_pipeline import assert_same, batches, training_input

SIZE = (48, 64)
COLUMNS = len(paste._COLUMNS)
MIDDLE = {"row": 0.5, "column": 0.5, "soft": 0.0, "red": 0.5, "green": 0.5, "blue": 0.5}


def draws(seed=0, **fixed):
    values = np.random.default_rng(seed).random(COLUMNS, np.float32)
    for name, value in fixed.items():
        values[paste._COLUMNS.index(name)] = value
    return values


def pasted(seed=0, *, side=24, colour=200, **fixed):
    """Where the label changed, and the image, of a piece of one colour on black road."""
    image, label = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE, np.uint8)
    source = np.full((5, 9, 3), colour, np.uint8)
    image, label = paste_piece(image, label, source, draws(seed, **fixed), side)
    assert set(np.unique(label)) <= {0, VOID}
    return label == VOID, image


@given(seed=st.integers(0, 2**32), side=st.integers(8, 40))
def test_a_piece_is_convex_and_no_larger_than_asked(seed, side):
    covered, _ = pasted(seed, side=side, **MIDDLE)
    assert components(covered).max() == 1  # a sharp corner may hang on by its own
    hull = convex_hull_image(covered, offset_coordinates=False)  # of the pixels' centres
    assert (hull & ~covered).sum() <= 0.03 * covered.sum() + 2
    rows, columns = np.nonzero(covered)
    furthest = np.hypot(rows - rows.mean(), columns - columns.mean()).max()
    assert furthest <= 0.75 * side + 1
    # At its thinnest: a quadrilateral in an ellipse whose diameters are 0.4 to 1.
    assert covered.sum() >= 0.06 * side**2


def test_its_corners_are_four_to_eight_and_on_an_ellipse():
    areas = {}
    for corners in range(4, 9):
        drawn = draws(corners=(corners - 4 + 0.5) / 5, aspect=1.0, **MIDDLE)
        drawn[-8:] = 0.3  # equal steps: a regular polygon
        image, label = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE, np.uint8)
        source = np.full((4, 4, 3), 9, np.uint8)
        label = paste_piece(image, label, source, drawn, 40)[1]
        areas[corners] = (label == VOID).sum()
    for corners, area in areas.items():
        regular = corners / 2 * np.sin(2 * np.pi / corners) * 20**2
        assert area == pytest.approx(regular, rel=0.05)


def test_the_edge_is_soft_and_the_label_changes_where_half_is_covered():
    hard, image = pasted(3, colour=200, **MIDDLE)
    shares = image[..., 0] / image[..., 0].max()
    np.testing.assert_array_equal(hard, shares >= 0.5 - 1 / 255)
    assert ((shares > 0) & (shares < 1)).sum() < 0.3 * hard.sum()
    _, soft = pasted(3, colour=200, **{**MIDDLE, "soft": 1.0})
    partly = (soft[..., 0] > 0) & (soft[..., 0] < soft.max())
    assert partly.sum() > 2 * ((shares > 0) & (shares < 1)).sum()


def test_it_shows_the_source_in_other_colours():
    fixed = {**MIDDLE, "red": 0.0, "green": 0.5, "blue": 1.0}
    covered, image = pasted(1, colour=100, **fixed)
    inside = image[24, 32]
    assert covered[24, 32]
    expected = 100 * 0.5 * 4.0 ** np.array([0.0, 0.5, 1.0])
    np.testing.assert_allclose(inside, expected, atol=1)


def test_its_colours_change_places():
    seen = set()
    for place in range(6):
        _, image = pasted(1, colour=(50, 100, 150), **MIDDLE, order=(place + 0.5) / 6)
        seen.add(tuple(np.round(image[24, 32], -1).tolist()))
    assert seen == set(permutations([50, 100, 150]))


def test_the_texture_turns():
    source = np.zeros((20, 20, 3), np.uint8)
    source[:10] = 200  # bright above
    means = []
    for turn in (0.0, 0.25, 0.5):  # counter-clockwise
        blank = np.zeros((*SIZE, 3), np.uint8)
        drawn = draws(5, turn=turn, **MIDDLE)
        image, _ = paste_piece(blank, blank[..., 0], source, drawn, 30)
        rows, columns = np.nonzero(image[..., 0] > 100)
        means.append((rows.mean() - 24, columns.mean() - 32))
    assert means[0][0] < -2
    assert means[1][1] < -2
    assert means[2][0] > 2


@given(
    row=st.floats(0, 1, exclude_max=True), column=st.floats(0, 1, exclude_max=True),
    side=st.integers(2, 40), height=st.integers(1, 30), width=st.integers(1, 30),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_what_is_not_covered_stays_as_it_was(row, column, side, height, width, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    label = rng.choice([0, 3, OUTSIDE, VOID], (height, width)).astype(np.uint8)
    source = rng.integers(0, 256, (7, 5, 3)).astype(np.uint8)
    before = image.copy(), label.copy()
    drawn = draws(seed, row=row, column=column)
    changed, marked = paste_piece(image, label, source, drawn, side)
    np.testing.assert_array_equal(image, before[0])  # those that were given
    np.testing.assert_array_equal(label, before[1])
    new = marked != label
    assert (marked[new] == VOID).all()
    assert (label[new] != OUTSIDE).all()
    far = np.hypot(
        *(np.mgrid[:height, :width] - np.array([row * height, column * width])[:, None, None])
    )
    untouched = far > side / 2 + 7
    np.testing.assert_array_equal(changed[untouched], image[untouched])
    assert not new[untouched].any()


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Five images, each of one colour that tells which it is, all road."""
    catalog = draw_catalog(tmp_path_factory.mktemp("plain"), count=5, size=(24, 40))
    for i, sample in enumerate(catalog.splits["train"]):
        Image.fromarray(np.full((24, 40, 3), 40 * i, np.uint8)).save(sample.image)
        Image.fromarray(np.zeros((24, 40), np.uint8)).save(sample.label)
    return catalog


def test_the_number_of_pieces_is_uniform_and_no_image_lends_to_itself(monkeypatch):
    paster = Paster(3, samples=4, seed=1)
    image, label = tf.zeros([16, 16, 3], tf.uint8), tf.zeros([16, 16], tf.uint8)
    asked_for, pasted_pieces = [], []

    def count(image, label, source, draws, side):
        pasted_pieces.append(source.shape)
        return image, label

    monkeypatch.setattr(paste, "paste_piece", count)

    @tf.function
    def partners(index, epoch):
        def lend(partner):
            (pixels,) = tf.py_function(
                lambda p: [asked_for.append(int(p)), np.zeros([24, 40, 3], np.uint8)][1:],
                [partner],
                [tf.uint8],
            )
            return tf.ensure_shape(pixels, [None, None, 3]), tf.constant([1.5, 2.0], tf.float64)

        return paster(image, label, epoch=epoch, index=index, lend=lend)

    counts, lenders = [], set()
    for epoch in range(200):
        asked_for.clear()
        pasted_pieces.clear()
        index = epoch % 4
        partners(tf.constant(index), tf.constant(epoch))
        counts.append(len(pasted_pieces))
        assert len(asked_for) == bool(pasted_pieces)  # decoded once, or not at all
        assert index not in asked_for
        lenders |= {(index, partner) for partner in asked_for}
        assert all(min(shape) >= 1 for shape in pasted_pieces)
    assert len(lenders) == 12
    share = np.bincount(counts, minlength=4) / 200
    assert len(share) == 4
    assert np.abs(share - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 200)


@given(
    top=st.floats(0, 1, exclude_max=True, width=32),
    left=st.floats(0, 1, exclude_max=True, width=32),
    zoom=st.floats(0, 1, width=32),
    side=st.integers(2, 64),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
)
def test_what_a_piece_shows_lies_in_the_other_image(top, left, zoom, side, size):
    of = {name: tf.constant(v, tf.float32) for name, v in (("top", top), ("left", left))}
    of["zoom"] = tf.constant(zoom, tf.float32)
    native = tf.constant([1.5, 2.0], tf.float64)
    box = paste._box(of, tf.constant(side), tf.constant(size), native).numpy()
    assert (box[:2] >= 0).all()
    assert (box[2:] >= 1).all()
    assert (box[:2] + box[2:] <= size).all()
    shown = np.array([1.5, 2.0]) * side / (0.5 * 4.0**zoom)
    assert (np.abs(box[2:] - np.clip(shown, 1, size)) <= 1).all()


def test_an_image_alone_lends_to_itself():
    assert int(Paster(1, samples=1, seed=0)._partner(tf.constant(0.7), tf.constant(0))) == 0


def test_in_the_pipeline_pieces_come_from_the_other_images(catalog):
    plain = batches(training_input(catalog, batch_size=1))
    mixed = batches(training_input(catalog, batch_size=1, unknown=12))
    new = 0
    for before, after in zip(plain, mixed, strict=True):
        covered = after["label"] == VOID
        same = (after["image"] == before["image"]).all(axis=-1)
        assert (after["label"][~covered] == 0).all()
        assert (before["label"] == 0).all()
        new += covered.sum()
        assert same.any()
        assert not same[covered].any() or same[covered].mean() < 0.2  # black images lend, too
    assert new > 100
    assert_same(batches(training_input(catalog, batch_size=1, unknown=12), 3), mixed[3:])
    joint = batches(training_input(catalog, batch_size=5, unknown=12))
    alone = {(int(b["epoch"][0]), int(b["index"][0])): b for b in mixed}
    for batch in joint:
        for i, name in enumerate(
            zip(batch["epoch"].tolist(), batch["index"].tolist(), strict=True)
        ):
            np.testing.assert_array_equal(batch["image"][i], alone[name]["image"][0])
            np.testing.assert_array_equal(batch["label"][i], alone[name]["label"][0])


@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
def test_a_cache_changes_nothing(catalog, tmp_path, cache):
    expected = batches(training_input(catalog, unknown=3))
    assert_same(batches(training_input(catalog, tmp_path, unknown=3, cache=cache)), expected)


def test_where_void_is_left_out_pieces_alone_are_void(tmp_path):
    catalog = draw_catalog(tmp_path, count=3, size=(24, 40))
    for sample in catalog.splits["train"]:
        label = np.zeros((24, 40), np.uint8)
        label[:, :20] = 11  # void
        Image.fromarray(label).save(sample.label)
    settings = {"batch_size": 1, "unknown": 12}
    joint = batches(training_input(catalog, **settings))
    apart = batches(training_input(catalog, **settings, leaves_void_out=True))
    before = batches(training_input(catalog, batch_size=1))
    found = voids = 0
    for one, other, plain in zip(joint, apart, before, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
        left_out = plain["label"] == VOID
        voids += left_out.sum()
        assert (other["label"][left_out] == OUTSIDE).all()
        np.testing.assert_array_equal(one["label"][~left_out], other["label"][~left_out])
        found += (other["label"] == VOID).sum()
    assert found > 20
    assert voids > 100


def test_what_trains_the_background_follows_from_two_settings():
    def void(*settings):
        return load_config(None, settings).void

    assert void("augment.unknown=2") == void("augment.unknown=0") == "background"
    assert void("augment.unknown=2", "labels.void=ignore") == "pasted"
    assert void("augment.unknown=0", "labels.void=ignore") == "ignore"
