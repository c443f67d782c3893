"""`augment.scale`: what a sample shows, at which draw, in whatever way it is read."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.stats import kstest

from kerasseg.data.pipeline import draw_scale
from kerasseg.labels import OUTSIDE
from tests.data.drawn_catalog import draw_catalog
from tests.data.test_pipeline import assert_same, batches, training_input

NATIVE, SIZE = (24, 40), (12, 20)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """Four images whose pixels all differ; the label of each is its column modulo 11."""
    catalog = draw_catalog(tmp_path_factory.mktemp("ramps"), count=4, size=NATIVE)
    down, across = np.mgrid[: NATIVE[0], : NATIVE[1]]
    for i, sample in enumerate(catalog.splits["train"]):
        image = np.stack([6 * across, 10 * down, np.full(NATIVE, 60 * i)], axis=-1)
        Image.fromarray(image.astype(np.uint8)).save(sample.image)
        Image.fromarray((across % 11).astype(np.uint8)).save(sample.label)
    return catalog


@tf.function
def scales_of(low, high, keys):
    def draw(key):
        return draw_scale(low, high, seed=7, epoch=key[0], index=key[1])

    return tf.map_fn(draw, keys, fn_output_signature=tf.TensorSpec([], tf.float64))


def test_the_draws_are_log_uniform_and_of_seed_epoch_and_index():
    keys = np.stack([np.repeat([0, 1], 1500), np.tile(np.arange(1500), 2)], axis=1)
    found = scales_of(0.5, 2.0, tf.constant(keys, tf.int32)).numpy()
    assert found.min() >= 0.5
    assert found.max() <= 2.0
    assert len(np.unique(found)) > 2990
    assert kstest(np.log2(found), "uniform", args=(-1, 2)).pvalue > 0.01
    assert abs(np.corrcoef(found[:1500], found[1500:])[0, 1]) < 5 / np.sqrt(1500)
    one = draw_scale(0.5, 2.0, seed=7, epoch=tf.constant(1), index=tf.constant(3)).numpy()
    assert one == found[1503]
    other = draw_scale(0.5, 2.0, seed=8, epoch=tf.constant(1), index=tf.constant(3)).numpy()
    assert other != one


def averaged(image, size):
    """Image to `size` in whole blocks, or repeated, where it is a multiple of it or divides it."""
    rows, columns = image.shape[0] // size[0], image.shape[1] // size[1]
    blocks = image.reshape(size[0], rows, size[1], columns, 3).astype(np.float64)
    return blocks.mean(axis=(1, 3))


def read(catalog, **options):
    scale = options.pop("view_scale")
    return batches(training_input(catalog, batch_size=4, view_scale=scale, **options))


def test_at_two_a_whole_crop_shows_half_of_each_side(catalog):
    """At two, 12 x 20 pixels of 24 x 40 are shown: with the working size, as they are."""
    (*_, batch) = read(catalog, view_scale=(2.0, 2.0))
    places = set()
    for image, label in zip(batch["image"], batch["label"], strict=True):
        left, top = image[0, 0, 0] // 6, image[0, 0, 1] // 10
        places.add((int(top), int(left)))
        assert 0 <= top <= 12
        assert 0 <= left <= 20
        down, across = np.mgrid[top : top + 12, left : left + 20]
        np.testing.assert_array_equal(image[..., 0], 6 * across)
        np.testing.assert_array_equal(image[..., 1], 10 * down)
        np.testing.assert_array_equal(label, across % 11)
    assert len(places) > 1


def test_at_a_half_a_whole_crop_shows_twice_each_side_mirrored_and_marked(catalog):
    (*_, batch) = read(catalog, view_scale=(0.5, 0.5))
    for index, image, label in zip(batch["index"], batch["image"], batch["label"], strict=True):
        path = catalog.splits["train"][index].image
        whole = np.pad(np.asarray(Image.open(path)), ((24, 24), (40, 40), (0, 0)), mode="reflect")
        inside = np.pad(np.ones(NATIVE, bool), ((24, 24), (40, 40)))
        # One corner of 25 x 41 gives this very view.
        fits = []
        for top in range(25):
            for left in range(41):
                part = whole[top : top + 48, left : left + 80]
                if np.abs(averaged(part, SIZE) - image).max() <= 0.5:
                    fits.append((top, left))
        assert len(fits) == 1
        top, left = fits[0]
        marked = inside[top : top + 48, left : left + 80]
        # Nearest: of four pixels the third, its centre being the one right of the middle.
        np.testing.assert_array_equal(label == OUTSIDE, ~marked[2::4, 2::4])


def test_in_each_stage_the_crop_of_the_stage_is_divided(catalog):
    """At two in the stage of 0.6: 7 x 12 pixels, whose columns hold so many values."""
    first, *_ = read(catalog, view_scale=(2.0, 2.0))
    for label in first["label"]:
        assert len(np.unique(label[0])) == 11
        # 12 neighbouring columns, each 1 or 2 wide.
        changes = np.flatnonzero(np.diff(label[0].astype(int)))
        assert len(changes) == 11


def test_of_one_it_gives_what_it_gives_without(catalog):
    assert_same(read(catalog, view_scale=(1.0, 1.0)), read(catalog, view_scale=None))


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_resume_and_caches_and_parts_give_the_same(catalog, tmp_path, cache):
    scale = {"view_scale": (0.5, 2.0), "batch_size": 4}
    whole = batches(training_input(catalog, **scale))
    cached = training_input(catalog, tmp_path, cache=cache, **scale)
    assert_same(batches(cached), whole)
    assert_same(batches(cached, 2), whole[2:])
    sets = [cached.parts_from_step(0, worker=w, workers=2, replicas=2) for w in (0, 1)]
    parts = [list(part.take(len(whole)).as_numpy_iterator()) for part in sets]
    joined = [
        {name: np.concatenate([a[name], b[name]]) for name in a}
        for a, b in zip(*parts, strict=True)
    ]
    assert_same(joined, whole)
