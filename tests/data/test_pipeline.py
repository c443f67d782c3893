"""Training batches: a pure function of the step; crops, sizes and labels as promised."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kerasseg.data.curriculum import Epoch, Plan, plan_epochs
from kerasseg.data.pipeline import TrainingInput, crop_box, resize_pair, validation_dataset
from kerasseg.data.pixels import Decoder
from kerasseg.data.working_scale import WorkingScale
from tests.data.drawn_catalog import LABELS, draw_catalog

SIZE = (12, 20)
STAGES = [(0.6, 2), (1.0, 1)]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return draw_catalog(tmp_path_factory.mktemp("noise"), count=7, size=(24, 40))


def training_input(catalog, tmp_path="unused", *, plan=None, **changes):
    options = {"batch_size": 2, "seed": 3, "scale": WorkingScale(SIZE, (24, 40)), "workers": 2}
    options |= changes
    cache = options.pop("cache", "none")
    count = len(catalog.splits["train"])
    return TrainingInput(
        decoder=Decoder(catalog, "train", cache=cache, cache_dir=tmp_path),
        samples=count,
        plan=plan or plan_epochs(STAGES, images=count, batch_size=options["batch_size"]),
        **options,
    )


def batches(training, step=0):
    return [
        {name: value.numpy() for name, value in batch.items()} for batch in training.from_step(step)
    ]


def assert_same(one, two):
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name], err_msg=name)


@pytest.fixture(scope="module")
def whole(catalog):
    return batches(training_input(catalog))


def test_shapes_and_types(whole):
    assert len(whole) == 9
    for batch in whole:
        assert batch["image"].shape == (2, *SIZE, 3)
        assert batch["label"].shape == (2, *SIZE)
        assert {batch[name].dtype for name in ("image", "label")} == {np.dtype(np.uint8)}
        assert {batch[name].dtype for name in ("epoch", "index")} == {np.dtype(np.int32)}
        assert set(np.unique(batch["label"])) <= {*range(11), 255}


@pytest.mark.parametrize("step", [1, 4, 8])
def test_a_run_that_goes_on_gets_the_batches_it_would_have_got(catalog, whole, step):
    assert_same(batches(training_input(catalog), step), whole[step:])


@pytest.mark.parametrize(("workers", "replicas"), [(1, 2), (2, 2), (2, 6), (3, 3)])
def test_the_parts_of_all_workers_are_the_batches(catalog, workers, replicas):
    training = training_input(catalog, batch_size=6)
    expected = batches(training, 1)
    each = replicas // workers
    read = [
        training.parts_from_step(1, worker=worker, workers=workers, replicas=replicas)
        for worker in range(workers)
    ]
    assert all(parts.cardinality() == tf.data.INFINITE_CARDINALITY for parts in read)
    taken = [list(parts.take(each * len(expected)).as_numpy_iterator()) for parts in read]
    for step, batch in enumerate(expected):
        parts = [part for one in taken for part in one[step * each : (step + 1) * each]]
        assert len(parts) == replicas
        joined = {name: np.concatenate([part[name] for part in parts]) for name in batch}
        assert_same([joined], [batch])


def test_a_worker_decodes_its_own_samples_alone(catalog):
    # One step over and over: what is decoded ahead of need is the same samples again.
    plan = Plan((Epoch(stage=0, crop_scale=1.0, first_step=0, steps=1),))
    (whole,) = batches(training_input(catalog, plan=plan, batch_size=6))
    training = training_input(catalog, plan=plan, batch_size=6)
    decoded = []
    decoder = training.decoder

    def spy(index, box):
        tf.py_function(lambda i: decoded.append(int(i)), [index], [])
        return decoder.crop(index, box)

    object.__setattr__(training, "decoder", SimpleNamespace(crop=spy))
    parts = training.parts_from_step(0, worker=1, workers=2, replicas=2)
    (own,) = parts.take(1).as_numpy_iterator()
    np.testing.assert_array_equal(own["index"], whole["index"][3:])
    assert set(decoded) == set(own["index"])


def test_an_epoch_takes_no_sample_twice_and_each_has_an_order_of_its_own(whole):
    orders = [
        [i for batch in whole[first : first + 3] for i in batch["index"]] for first in (0, 3, 6)
    ]
    assert all(len(set(order)) == 6 for order in orders)
    assert orders[0] != orders[1]
    assert [batch["epoch"].tolist() for batch in whole] == [
        [e, e] for e in (0, 0, 0, 1, 1, 1, 2, 2, 2)
    ]


def test_an_epoch_of_whole_batches_takes_every_sample_once(catalog):
    indices = [b["index"][0] for b in batches(training_input(catalog, batch_size=1))]
    for epoch in range(3):
        assert sorted(indices[7 * epoch : 7 * epoch + 7]) == list(range(7))


def test_fewer_samples_than_a_batch_are_repeated(catalog):
    plan = Plan((Epoch(stage=0, crop_scale=1.0, first_step=0, steps=1),))
    (batch,) = batches(training_input(catalog, plan=plan, batch_size=9))
    assert set(batch["index"]) == set(range(7))


def test_another_seed_gives_another_order_and_other_crops(catalog, whole):
    other = batches(training_input(catalog, seed=4))
    assert [b["index"].tolist() for b in other] != [b["index"].tolist() for b in whole]
    of_sample = {}
    for name, run in (("one", whole), ("other", other)):
        for batch in run[:3]:
            for index, image in zip(batch["index"], batch["image"], strict=True):
                of_sample.setdefault(int(index), {})[name] = image
    shared = [views for views in of_sample.values() if len(views) == 2]
    assert shared
    assert any(not np.array_equal(views["one"], views["other"]) for views in shared)


@pytest.mark.parametrize("cache", ["memory", "disk"])
def test_a_cache_gives_the_same_bytes_twice(catalog, whole, tmp_path, cache, dead_process):
    leftover = tmp_path / "decoded" / f".kerasseg-{dead_process}-0123abcd.tmp"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half, of a run that was killed")
    training = training_input(catalog, tmp_path, cache=cache)
    assert_same(batches(training), whole)
    assert_same(batches(training), whole)
    assert leftover.exists() == (cache == "memory")
    assert len(list(tmp_path.rglob("*.npy"))) == (7 if cache == "disk" else 0)


def test_a_changed_or_damaged_file_is_not_taken_from_the_disk_cache(tmp_path):
    catalog = draw_catalog(tmp_path, count=1, size=(8, 8))
    decoder = Decoder(catalog, "train", cache="disk", cache_dir=tmp_path)
    before = decoder(tf.constant(0))[0].numpy()
    (kept,) = tmp_path.rglob("*.npy")
    kept.write_bytes(kept.read_bytes()[:50])
    np.testing.assert_array_equal(decoder(tf.constant(0))[0], before)
    Image.fromarray(255 - before).save(catalog.splits["train"][0].image)
    np.testing.assert_array_equal(decoder(tf.constant(0))[0], 255 - before)


@pytest.mark.parametrize(
    ("suffix", "encoding"), [(".png", "ids"), (".png", "indexed"), (".jpg", "ids")]
)
def test_what_is_decoded_is_what_pillow_reads(tmp_path, suffix, encoding):
    catalog = draw_catalog(tmp_path, count=2, size=(17, 23), suffix=suffix, encoding=encoding)
    decoder = Decoder(catalog, "train", cache="none", cache_dir=tmp_path)
    for i, sample in enumerate(catalog.splits["train"]):
        image, label = decoder(tf.constant(i))
        np.testing.assert_array_equal(image, np.asarray(Image.open(sample.image)))
        ids = np.asarray(Image.open(sample.label))
        np.testing.assert_array_equal(label, np.where(ids == 11, 255, ids))


def test_a_gray_png_becomes_rgb(tmp_path):
    catalog = draw_catalog(tmp_path, count=1, size=(5, 6))
    gray = np.arange(30, dtype=np.uint8).reshape(5, 6)
    Image.fromarray(gray).save(catalog.splits["train"][0].image)
    image, _ = Decoder(catalog, "train", cache="none", cache_dir=tmp_path)(tf.constant(0))
    np.testing.assert_array_equal(image, np.repeat(gray[..., None], 3, axis=-1))


@tf.function
def boxes_of(size, scale, keys):
    """The box for each key: int32 (N, 4)."""
    return tf.map_fn(lambda key: crop_box(size, scale=scale, key=key), keys)


def test_crops_have_their_size_and_lie_anywhere_with_the_same_probability():
    keys = tf.stack([tf.zeros(3000, tf.int32), tf.range(3000)], axis=1)
    found = boxes_of(tf.constant([9, 15]), tf.constant(0.6, tf.float64), keys).numpy()
    assert (found[:, 2:] == (5, 9)).all()
    for column, places in ((0, 5), (1, 7)):
        counts = np.bincount(found[:, column], minlength=places)
        assert len(counts) == places
        expected = 3000 / places
        # Five standard deviations of a binomial count.
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)


@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)), st.floats(0.01, 1), st.integers(0, 99)
)
def test_in_a_set_of_one_size_a_crop_is_a_share_of_the_image(size, scale, seed):
    frame = tf.constant(WorkingScale(SIZE, size).frame(*map(float, size)), tf.float64)
    scale, key = tf.constant(scale, tf.float64), [seed, 1]
    found = crop_box(tf.constant(size), scale=scale, key=key, frame=frame).numpy()
    expected = crop_box(tf.constant(size), scale=scale, key=key).numpy()
    assert found.tolist() == expected.tolist()
    assert (found[:2] >= 0).all()
    assert (found[:2] + found[2:] <= size).all()


def test_a_whole_crop_is_the_image_and_the_smallest_is_a_pixel():
    size = tf.constant([9, 15])
    assert crop_box(size, scale=1.0, key=[1, 2]).numpy().tolist() == [0, 0, 9, 15]
    top, left, *smallest = crop_box(size, scale=0.01, key=[1, 2]).numpy().tolist()
    assert smallest == [1, 1]
    assert 0 <= top < 9
    assert 0 <= left < 15


@pytest.mark.parametrize("cache", ["none", "memory", "disk"])
@pytest.mark.parametrize("encoding", ["ids", "indexed"])
def test_a_crop_is_that_part_of_the_whole(tmp_path, cache, encoding):
    catalog = draw_catalog(tmp_path, count=1, size=(17, 23), encoding=encoding)
    decoder = Decoder(catalog, "train", cache=cache, cache_dir=tmp_path)
    image, label, size = decoder.crop(tf.constant(0), lambda hw: [4, 3, hw[0] - 7, hw[1] - 3])
    assert size.numpy().tolist() == [17, 23]
    (sample,) = catalog.splits["train"]
    np.testing.assert_array_equal(image, np.asarray(Image.open(sample.image))[4:14, 3:])
    ids = np.asarray(Image.open(sample.label))[4:14, 3:]
    np.testing.assert_array_equal(label, np.where(ids == 11, 255, ids))


@pytest.mark.parametrize("size", [(4, 8), (13, 17), (9, 21), (3, 2), (30, 41)])
def test_labels_are_resized_to_the_nearest_pixel(size):
    rng = np.random.default_rng(0)
    label = rng.choice([0, 3, 10, 255], (13, 17)).astype(np.uint8)
    _, found = resize_pair(np.zeros((13, 17, 3), np.uint8), label, size)
    # Half-pixel centres, as for the image: the pixel that holds (i + 1/2) * source / target.
    rows, columns = (
        (2 * np.arange(target) + 1) * source // (2 * target)
        for target, source in zip(size, label.shape, strict=True)
    )
    np.testing.assert_array_equal(found, label[rows][:, columns])


def test_validation_comes_in_order_at_native_size(catalog, tmp_path):
    decoder = Decoder(catalog, "train", cache="none", cache_dir=tmp_path)
    options = {"split": "train", "batch_size": 3, "workers": None}
    found = list(validation_dataset(catalog, decoder, **options))
    assert [len(image) for image, _ in found] == [3, 3, 1]
    images = np.concatenate([image for image, _ in found])
    for image, sample in zip(images, catalog.splits["train"], strict=True):
        np.testing.assert_array_equal(image, np.asarray(Image.open(sample.image)))


def test_a_validation_of_different_sizes_comes_one_by_one(catalog, tmp_path):
    mixed = type(catalog)(**{**vars(catalog), "same_size": {"train": False}})
    decoder = Decoder(mixed, "train", cache="none", cache_dir=tmp_path)
    found = validation_dataset(mixed, decoder, split="train", batch_size=3, workers=None)
    assert [len(image) for image, _ in found] == [1] * 7


def test_the_drawn_labels_hold_every_class_and_void(catalog):
    assert LABELS.num_outputs == 12
    labels = [np.asarray(Image.open(sample.label)) for sample in catalog.splits["train"]]
    assert set(np.unique(labels)) == set(range(12))


def test_in_an_epoch_longer_than_the_data_a_sample_comes_again_as_another_view(catalog):
    plan = Plan((Epoch(0, 0.5, 0, 7), Epoch(0, 0.5, 7, 1)))
    seen = {}
    for batch in batches(training_input(catalog, plan=plan))[:7]:
        for index, epoch, image in zip(batch["index"], batch["epoch"], batch["image"], strict=True):
            seen.setdefault(int(index), []).append((int(epoch), image))
    assert sorted(seen) == list(range(7))
    for (first, one), (second, other) in seen.values():
        assert first != second
        assert second >= len(plan.epochs)
        assert not np.array_equal(one, other)
