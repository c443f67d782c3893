"""Augmentation: the same wherever it runs, within its range, and the label goes along."""

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.config import AugmentConfig
from kerasseg.data.augment import (
    AUGMENTATIONS,
    HOST_AUGMENTATIONS,
    augment,
    augmentation_draws,
)

OFF = dict.fromkeys(AUGMENTATIONS, 0)
# Half strength, or on where there is nothing but on and off.
ALL = {
    name: True if isinstance(AugmentConfig.model_fields[name].default, bool) else 0.5
    for name in AUGMENTATIONS
}
INDEX = np.arange(12, dtype=np.int32)
EPOCH = np.full(12, 3, np.int32)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (12, 6, 9, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def labels():
    return np.random.default_rng(1).integers(0, 20, (12, 6, 9)).astype(np.uint8)


def view(image, label, epoch, index, *, seed=5, **options):
    draws = augmentation_draws(seed=seed, epoch=epoch, index=index)
    image, label = tf.convert_to_tensor(image), tf.convert_to_tensor(label)
    return augment(image, label, draws, strengths=options)


def draws_for(**columns):
    """One row of draws, 0.5 where nothing is said: factor 1, and no flip."""
    return tf.constant([[columns.get(name, 0.5) for name in AUGMENTATIONS]])


@pytest.fixture(scope="module")
def eager(images, labels):
    return [value.numpy() for value in view(images, labels, EPOCH, INDEX, **ALL)]


def test_a_graph_gives_what_eager_gives(images, labels, eager):
    @tf.function
    def graph(*batch):
        return view(*batch, **ALL)

    for value, expected in zip(graph(images, labels, EPOCH, INDEX), eager, strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-4)


def test_tf_data_gives_what_eager_gives(images, labels, eager):
    dataset = tf.data.Dataset.from_tensor_slices((images, labels, EPOCH, INDEX)).batch(12)
    (found,) = dataset.map(lambda *batch: view(*batch, **ALL))
    for value, expected in zip(found, eager, strict=True):
        np.testing.assert_allclose(value, expected, atol=1e-4)


def test_a_sample_has_one_view_wherever_it_stands_in_the_batch(images, labels, eager):
    order = np.random.default_rng(2).permutation(12)[:5]
    found = view(images[order], labels[order], EPOCH[order], INDEX[order], **ALL)
    for value, expected in zip(found, eager, strict=True):
        np.testing.assert_allclose(value, expected[order], atol=1e-4)


def test_xla_draws_what_is_drawn_without_it():
    drawn = [
        tf.function(augmentation_draws, jit_compile=jit)(seed=5, epoch=EPOCH, index=INDEX)
        for jit in (False, True)
    ]
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("change", [{"seed": 6}, {"epoch": EPOCH + 1}, {"index": INDEX + 12}])
def test_seed_epoch_and_index_each_make_another_view(change):
    base = {"seed": 5, "epoch": EPOCH, "index": INDEX}
    one, other = augmentation_draws(**base), augmentation_draws(**{**base, **change})
    assert (one.numpy() != other.numpy()).all()


def test_the_draws_are_uniform_and_independent():
    index = np.arange(2000, dtype=np.int32)
    graph = tf.function(augmentation_draws)
    draws = graph(seed=0, epoch=np.zeros_like(index), index=index).numpy()
    assert draws.min() >= 0
    assert draws.max() < 1
    # Five standard errors.
    assert np.abs(draws.mean(axis=0) - 0.5).max() < 5 * np.sqrt(1 / 12 / 2000)
    assert np.abs(np.corrcoef(draws.T) - np.eye(len(AUGMENTATIONS))).max() < 5 / np.sqrt(2000)


def test_off_it_changes_nothing(images, labels):
    image, label = view(images, labels, EPOCH, INDEX, **OFF)
    assert (image.dtype, label.dtype) == (tf.float32, tf.uint8)
    np.testing.assert_array_equal(image, images)
    np.testing.assert_array_equal(label, labels)


def test_a_flip_turns_image_and_label_together(images, labels):
    image, label = view(images, labels, EPOCH, INDEX, **{**OFF, "flip": True})
    turned = 0
    for i in range(12):
        way = slice(None, None, -1) if not np.array_equal(label[i], labels[i]) else slice(None)
        turned += way.step is not None
        np.testing.assert_array_equal(label[i], labels[i][:, way])
        np.testing.assert_array_equal(image[i], images[i][:, way])
    assert 0 < turned < 12


@pytest.mark.parametrize(("draw", "factor"), [(0.0, 0.7), (0.5, 1.0), (0.75, 1.15)])
def test_brightness_is_a_factor(images, labels, draw, factor):
    options = {**OFF, "brightness": 0.3}
    found, _ = augment(images[:1], labels[:1], draws_for(brightness=draw), strengths=options)
    np.testing.assert_allclose(found, np.clip(images[:1] * factor, 0, 255), rtol=1e-5)


def test_contrast_turns_about_the_mean_of_the_image(labels):
    image = np.random.default_rng(3).integers(90, 160, (1, 6, 9, 3)).astype(np.uint8)
    options = {**OFF, "contrast": 0.4}
    found, _ = augment(image, labels[:1], draws_for(contrast=1.0), strengths=options)
    mean = image.mean(dtype=np.float64)
    np.testing.assert_allclose(found, mean + (image - mean) * 1.4, rtol=1e-5)


def test_saturation_turns_about_the_luma_of_the_pixel(labels):
    image = np.random.default_rng(3).integers(90, 160, (1, 6, 9, 3)).astype(np.uint8)
    options = {**OFF, "saturation": 0.5}
    found, _ = augment(image, labels[:1], draws_for(saturation=0.0), strengths=options)
    luma = image @ np.array([[0.299], [0.587], [0.114]])
    np.testing.assert_allclose(found, luma + (image - luma) * 0.5, rtol=1e-5)
    gray = np.repeat(image[..., :1], 3, axis=-1)
    found, _ = augment(gray, labels[:1], draws_for(saturation=0.0), strengths=options)
    np.testing.assert_allclose(found, gray, atol=1e-4)


def test_colours_stay_between_black_and_white(images, labels):
    wild = {**OFF, "brightness": 0.9, "contrast": 0.9, "saturation": 0.9}
    image, _ = view(images, labels, EPOCH, INDEX, **wild)
    assert image.numpy().min() == 0
    assert image.numpy().max() == 255


def test_every_setting_is_a_row_of_one_table_and_the_other_way_round():
    on_the_device = [n for n in AugmentConfig.model_fields if n not in HOST_AUGMENTATIONS]
    on_the_host = [n for n in AugmentConfig.model_fields if n not in AUGMENTATIONS]
    assert on_the_device == list(AUGMENTATIONS)
    assert on_the_host == list(HOST_AUGMENTATIONS)


def test_a_row_more_leaves_the_draws_of_the_others_as_they_were(monkeypatch):
    before = augmentation_draws(seed=5, epoch=EPOCH, index=INDEX).numpy()
    more = {**AUGMENTATIONS, "more": AUGMENTATIONS["flip"], "and more": AUGMENTATIONS["flip"]}
    monkeypatch.setattr("kerasseg.data.augment.AUGMENTATIONS", more)
    after = augmentation_draws(seed=5, epoch=EPOCH, index=INDEX).numpy()
    assert after.shape == (len(INDEX), len(more))
    np.testing.assert_array_equal(after[:, : before.shape[1]], before)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_row_alone_gives_finite_images_in_range_and_known_labels(name, images, labels):
    image, label = view(images, labels, EPOCH, INDEX, **{**OFF, name: ALL[name]})
    assert (image.dtype, image.shape) == (tf.float32, images.shape)
    assert (label.dtype, label.shape) == (tf.uint8, labels.shape)
    assert image.numpy().min() >= 0
    assert image.numpy().max() <= 255
    assert not np.array_equal(image, images)
    assert set(np.unique(label)) <= {*np.unique(labels), 255}


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_label_of_each_row_goes_where_its_pixel_goes(name, labels):
    image = np.repeat(labels[..., None], 3, axis=-1)
    changed, label = view(image, labels, EPOCH, INDEX, **{**OFF, name: ALL[name]})
    expected = changed.numpy()[..., 0] if AUGMENTATIONS[name].moves_pixels else labels
    kept = label != 255
    np.testing.assert_array_equal(label[kept], expected[kept])
