"""The Keras metric against scikit-learn, the project's own matrix, and a loop over pixels."""

import json
from fractions import Fraction
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from kerasseg.metrics import MeanIoU
from kerasseg.metrics.confusion import ConfusionMatrix
from tests.programs import run_program

CLASSES = 4
VOID = 255


@st.composite
def batch(draw):
    """(labels with void, predicted labels with background), uint8 (B, H, W)."""
    shape = tuple(draw(st.tuples(*[st.integers(1, 5)] * 3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    present = draw(st.lists(st.integers(0, CLASSES - 1), min_size=1, unique=True))
    labels = rng.choice([*present, VOID], shape).astype(np.uint8)
    predicted = rng.choice([*present, CLASSES], shape).astype(np.uint8)
    return labels, np.where((rng.random(shape) < 0.6) & (labels != VOID), labels, predicted)


BATCHES = st.lists(batch(), min_size=1, max_size=3)


def metric_of(batches, **settings):
    metric = MeanIoU(CLASSES, dtype="float64", **settings)
    for labels, predicted in batches:
        metric.update_state(labels, predicted)
    return metric


def logits_of(predicted, *, dtype=np.float32):
    """(B, H, W, C + 1): the largest is at the predicted label, by as little as the dtype shows."""
    noise = np.random.default_rng(0).uniform(-8, 8, (*predicted.shape, CLASSES + 1)).astype(dtype)
    highest = np.nextafter(noise.max(axis=-1), dtype(np.inf), dtype=dtype)
    np.put_along_axis(noise, predicted[..., None].astype(int), highest[..., None], axis=-1)
    return noise


def looped_mean_iou(labels, predicted, *, classes, ignore_index):
    """Pixel by pixel, exactly."""
    pixels = [
        (int(label), int(guess))
        for label, guess in zip(labels.ravel(), predicted.ravel(), strict=True)
        if label != ignore_index
    ]
    ious = []
    for c in set(range(classes)) - {ignore_index}:
        union = sum(label == c or guess == c for label, guess in pixels)
        if union:
            ious.append(Fraction(sum(label == guess == c for label, guess in pixels), union))
    return float(sum(ious) / len(ious))


@settings(max_examples=50)
@given(batches=BATCHES)
def test_the_iou_is_that_of_scikit_learn_over_all_batches(batches):
    labels = np.concatenate([labels.ravel() for labels, _ in batches])
    predicted = np.concatenate([predicted.ravel() for _, predicted in batches])
    labels, predicted = labels[labels != VOID], predicted[labels != VOID]
    metric = metric_of(batches)
    if not len(labels):
        assert np.isnan(metric.result())
        return
    occurs = np.intersect1d(range(CLASSES), [*labels, *predicted])
    expected = sk.jaccard_score(labels, predicted, labels=occurs, average=None, zero_division=0)
    iou = metric.class_iou().numpy()
    np.testing.assert_allclose(iou[occurs], expected, rtol=1e-12)
    assert np.isnan(np.delete(iou, occurs)).all()
    assert float(metric.result()) == pytest.approx(expected.mean(), rel=1e-12)


@settings(max_examples=50)
@given(batches=BATCHES)
def test_the_score_is_that_of_the_project(batches):
    matrix = ConfusionMatrix(CLASSES)
    for labels, predicted in batches:
        for one in zip(labels, predicted, strict=True):
            matrix.add(*one)
    metric = metric_of(batches)
    np.testing.assert_array_equal(metric.counts.numpy()[:-1], matrix.counts[:-1])
    np.testing.assert_allclose(float(metric.result()), matrix.miou, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@settings(max_examples=25)
@given(batches=BATCHES)
def test_of_logits_the_largest_counts(dtype, batches):
    of_labels = metric_of(batches)
    of_logits = metric_of([(y, logits_of(p, dtype=dtype)) for y, p in batches])
    np.testing.assert_array_equal(of_logits.counts.numpy(), of_labels.counts.numpy())


@pytest.mark.parametrize(
    ("ignore_index", "dtype"), [(255, np.uint8), (-1, np.int8), (0, np.float32), (None, np.int64)]
)
def test_only_the_ignored_label_is_left_out(ignore_index, dtype):
    rng = np.random.default_rng(1)
    classes = list(range(CLASSES))
    if ignore_index is not None:
        classes.append(ignore_index)
    labels = rng.choice(classes, (2, 9, 7)).astype(dtype)
    predicted = rng.integers(0, 6, labels.shape)
    predicted = np.where(rng.random(labels.shape) < 0.5, labels.astype(int), predicted)
    metric = metric_of([(labels, predicted)], ignore_index=ignore_index)
    expected = looped_mean_iou(labels, predicted, classes=CLASSES, ignore_index=ignore_index)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-12)


def test_what_is_predicted_beyond_the_classes_is_a_miss():
    labels = np.zeros((1, 1, 4), np.uint8)
    predicted = np.array([[[0, CLASSES, VOID, -1]]])
    assert float(metric_of([(labels, predicted)]).result()) == 0.25


def test_counts_beyond_what_float32_and_float64_hold_are_exact():
    metric = MeanIoU(2, dtype="float64")
    seen = np.array([[2**60, 2**24, 0], [2**53, 2**53, 2**24], [0, 0, 0]])
    metric.counts.assign(seen)
    metric.update_state(np.array([[[0, 0, 1, 1, 1]]]), np.array([[[0, 1, 0, 1, 2]]]))
    added = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(metric.counts.numpy(), seen + added)
    ious = (
        Fraction(2**60 + 1, 2**60 + 2**24 + 2**53 + 3),
        Fraction(2**53 + 1, 2**53 * 2 + 2**24 * 2 + 4),
    )
    assert float(metric.result()) == pytest.approx(float(sum(ious) / 2), rel=1e-15)


def test_the_counts_of_a_large_batch_are_exact():
    metric = MeanIoU(2)
    labels = np.zeros((1, 4100, 4100), np.uint8)  # 16.8 million pixels
    labels[0, 0, 0] = 1
    metric.update_state(labels, np.zeros_like(labels))
    assert metric.counts.numpy().tolist() == [[4100**2 - 1, 0, 0], [1, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_in_a_graph_of_unknown_shape(jit_compile):
    metric = MeanIoU(CLASSES, dtype="float64")

    @tf.function(
        jit_compile=jit_compile,
        input_signature=[
            tf.TensorSpec([None, None, None], tf.uint8),
            tf.TensorSpec([None, None, None, None], tf.float32),
        ],
    )
    def update(labels, logits):
        metric.update_state(labels, logits)
        return metric.result()

    rng = np.random.default_rng(2)
    batches = []
    for shape in ((2, 5, 4), (1, 3, 8)):
        labels = rng.choice([*range(CLASSES), VOID], shape).astype(np.uint8)
        batches.append((labels, logits_of(rng.integers(0, CLASSES + 1, shape))))
        result = update(*batches[-1])
    assert float(result) == float(metric_of(batches).result())
    metric.reset_state()
    assert float(update(*batches[0])) == float(metric_of(batches[:1]).result())


@pytest.mark.parametrize(
    ("policy", "jit_compile"), [("float32", False), ("mixed_bfloat16", False), ("float32", True)]
)
def test_fit_reports_the_score_of_its_predictions(policy, jit_compile):
    rng = np.random.default_rng(3)
    labels = rng.choice([*range(CLASSES), VOID], (5, 8, 6)).astype(np.uint8)
    predicted = rng.integers(0, CLASSES + 1, labels.shape)
    predicted = np.where(rng.random(labels.shape) < 0.5, np.minimum(labels, CLASSES), predicted)
    # The net hands its input on, and a rate of 0 keeps it so: its predictions are known.
    images = np.eye(CLASSES + 1, dtype=np.float32)[predicted]
    head = keras.layers.Conv2D(CLASSES + 1, 1, dtype=policy, use_bias=False)
    model = keras.Sequential([keras.Input((None, None, CLASSES + 1)), head])
    model.set_weights([np.eye(CLASSES + 1)[None, None]])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID)
    model.compile(
        keras.optimizers.SGD(0.0), loss, metrics=[MeanIoU(CLASSES)], jit_compile=jit_compile
    )
    data = {"x": images, "y": labels, "batch_size": 2, "verbose": 0}
    history = model.fit(**data, validation_data=(images, labels)).history
    expected = looped_mean_iou(labels, predicted, classes=CLASSES, ignore_index=VOID)
    assert history["mean_iou"] == [pytest.approx(expected, rel=1e-6)]
    assert history["val_mean_iou"] == [pytest.approx(expected, rel=1e-6)]


@pytest.mark.slow
def test_replicas_add_up(tmp_path):
    script = Path(__file__).with_name("mirrored_mean_iou.py")
    result = run_program([script], folder=tmp_path)
    assert result.returncode == 0, result.stderr
    logs = json.loads(result.stdout)
    assert logs["replicas"] == 2
    assert logs["mirrored"] == logs["alone"]


def test_a_label_that_is_no_class_makes_the_score_nan_until_the_reset():
    metric = MeanIoU(2)
    metric.update_state(np.array([[[0, 1, 2]]]), np.array([[[0, 1, 1]]]))
    metric.update_state(np.array([[[0, 1]]]), np.array([[[0, 1]]]))
    assert np.isnan(metric.result())
    metric.reset_state()
    metric.update_state(np.array([[[0, 1]]]), np.array([[[0, 1]]]))
    assert float(metric.result()) == 1.0


@pytest.mark.parametrize(
    ("labels", "predicted", "message"),
    [
        (np.zeros((1, 2, 2), int), np.zeros((1, 2, 2), np.float32), "y_pred is float32"),
        (np.zeros((1, 2, 2), int), np.zeros((1, 2, 3), int), r"\(1, 2, 2\), but .* \(1, 2, 3\)"),
        (np.zeros((1, 2, 2), int), np.zeros((1, 4, 4, 5), np.float32), r"labels \(1, 4, 4\)"),
        (np.zeros((1, 2, 2), int), np.zeros((1, 2, 2, 3), np.float32), "3 channels for 4 classes"),
    ],
)
def test_shapes_and_dtypes_that_do_not_fit_are_refused(labels, predicted, message):
    with pytest.raises(ValueError, match=message):
        MeanIoU(CLASSES).update_state(labels, predicted)


def test_other_arguments_are_refused():
    with pytest.raises(ValueError, match="num_classes=0"):
        MeanIoU(0)
    labels = np.zeros((1, 2, 2), int)
    with pytest.raises(ValueError, match="mean_iou takes no sample_weight"):
        MeanIoU(1).update_state(labels, labels, sample_weight=np.ones(1))


def test_keras_saves_and_restores_it():
    metric = MeanIoU(7, ignore_index=None, name="score", dtype="float64")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert isinstance(copy, MeanIoU)
    assert copy.get_config() == metric.get_config()
    assert copy.counts.shape == (8, 8)


def test_the_package_has_no_other_name():
    import kerasseg.metrics

    with pytest.raises(AttributeError, match=r"'kerasseg\.metrics' has no attribute 'Recall'"):
        _ = kerasseg.metrics.Recall
