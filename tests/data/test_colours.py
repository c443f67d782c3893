"""Hue, gamma, blur and JPEG against scikit-image, NumPy, SciPy and Pillow."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom
from skimage.color import rgb2yiq, yiq2rgb

from kerasseg.data.colours import blur, gamma, hue
from kerasseg.data.pipeline import compress
from tests.data.drawn_catalog import draw_catalog
from tests.data.test_pipeline import assert_same, batches, training_input

DRAWS = np.array([0.0, 0.2, 0.5, 0.9], np.float32)
LABEL = np.zeros((4, 7, 9), np.uint8)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (4, 7, 9, 3)).astype(np.float32)


def changed(function, images, strength):
    found, label = function(tf.constant(images), tf.constant(LABEL), tf.constant(DRAWS), strength)
    np.testing.assert_array_equal(label, LABEL)
    return found.numpy()


def test_hue_is_a_turn_of_the_chroma(images):
    found = changed(hue, images, 0.25)
    for image, draw, turned in zip(images, DRAWS, found, strict=True):
        yiq = rgb2yiq(image.astype(np.float64))
        chroma = (yiq[..., 1] + 1j * yiq[..., 2]) * np.exp(2j * np.pi * 0.25 * (2 * draw - 1))
        expected = yiq2rgb(np.stack([yiq[..., 0], chroma.real, chroma.imag], axis=-1))
        np.testing.assert_allclose(turned, expected, atol=2e-3)
    np.testing.assert_allclose(found[2], images[2], atol=1e-3)


def test_gamma_is_a_power(images):
    found = changed(gamma, images, 0.5)
    power = 1 + (2 * DRAWS.astype(np.float64) - 1) * 0.5
    expected = 255 * (images / 255.0) ** power[:, None, None, None]
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("strength", [0.7, 4.0])
def test_blur_is_a_gaussian_filter(images, strength):
    found = changed(blur, images, strength)
    np.testing.assert_array_equal(found[0], images[0])
    radius = int(np.ceil(3 * strength))
    for image, draw, blurred in zip(images[1:], DRAWS[1:], found[1:], strict=True):
        sigma = float(draw) * strength
        expected = gaussian_filter(
            image.astype(np.float64), sigma, mode="nearest", radius=radius, axes=(0, 1)
        )
        np.testing.assert_allclose(blurred, expected, atol=1e-3)


@pytest.mark.parametrize("function", [hue, gamma, blur])
def test_xla_gives_what_is_given_without(function, images):
    options = (tf.constant(images), tf.constant(LABEL), tf.constant(DRAWS))
    plain, compiled = (
        tf.function(lambda *a: function(*a, 0.4), jit_compile=jit)(*options)[0]
        for jit in (False, True)
    )
    np.testing.assert_allclose(plain, compiled, atol=1e-3)


@pytest.mark.parametrize("quality", [10, 50, 95])
def test_jpeg_is_what_pillow_makes_of_it(quality):
    coarse = np.random.default_rng(1).uniform(0, 255, (5, 7, 3))
    image = np.clip(zoom(coarse, (8, 8, 1), order=1), 0, 255).astype(np.uint8)
    keys = {"seed": 1, "epoch": tf.constant(2), "index": tf.constant(3)}
    found = compress(tf.constant(image), quality, quality, **keys).numpy()
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    expected = np.asarray(Image.open(file)).astype(float)
    lost = np.abs(expected - image).mean()
    # Two encoders round apart, much less than the quality loses.
    assert np.abs(found - expected).mean() < max(0.2 * lost, 0.1)


def test_the_quality_is_of_seed_epoch_and_index_and_takes_every_value():
    image = tf.constant(np.random.default_rng(2).integers(0, 256, (16, 16, 3)), tf.uint8)

    def of(seed=1, epoch=0, index=0, low=20, high=22):
        keys = {"seed": seed, "epoch": tf.constant(epoch), "index": tf.constant(index)}
        return compress(image, low, high, **keys).numpy().tobytes()

    allowed = {of(low=q, high=q) for q in (20, 21, 22)}
    assert len(allowed) == 3
    assert {of(index=i) for i in range(40)} == allowed
    assert {of(epoch=e) for e in range(40)} == allowed
    assert {of(seed=s) for s in range(40)} == allowed


def test_in_the_pipeline_jpeg_changes_the_images_alone(tmp_path):
    catalog = draw_catalog(tmp_path, count=3, size=(24, 40))
    plain = batches(training_input(catalog, batch_size=1))
    found = batches(training_input(catalog, batch_size=1, jpeg=(30, 90)))
    for one, other in zip(plain, found, strict=True):
        keys = {"seed": 3, "epoch": tf.constant(one["epoch"][0]), "index": one["index"][0]}
        expected = compress(tf.constant(one["image"][0]), 30, 90, **keys)
        assert not np.array_equal(one["image"], other["image"])
        assert_same([{**one, "image": expected.numpy()[None]}], [other])
    assert_same(batches(training_input(catalog, batch_size=1, jpeg=(30, 90)), 4), found[4:])
