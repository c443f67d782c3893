"""A background that pasted things train apart from the classes: `labels.void=ignore` with them."""

import numpy as np
import pytest
import tensorflow as tf

from kerasseg.labels import OUTSIDE, VOID
from kerasseg.models.heads import head_of
from tests.training.small_segmenter import OUTPUTS, noise_batch, small_objective, small_segmenter

CLASSES = OUTPUTS - 1
PLAIN = {"boundary_weight": 1.0, "uncertainty_weight": 0.0}


def gradients(segmenter, image, label):
    with tf.GradientTape() as tape:
        outputs = segmenter.forward(image, training=True)
        total = segmenter.objective.total(segmenter.objective(label, outputs))
    variables = segmenter.net.trainable_variables
    return dict(zip([v.path for v in variables], tape.gradient(total, variables), strict=True))


def batch():
    made = noise_batch(3)
    label = made["label"].copy()
    label[:, :2] = OUTSIDE
    return tf.cast(made["image"], tf.float32), tf.constant(label)


def apart(**settings):
    return small_segmenter(outside=True, background_apart=True, **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"variance": "closed_form", "uncertainty_weight": 0.0, "boundary_weight": 3.0},
        {"auxiliary": 0.4, "uncertainty_weight": 0.0},
        {"focal_gamma": 0.0, "uncertainty_weight": 0.0, "boundary_mode": "thick"},
    ],
)
def test_classes_are_trained_as_if_there_were_no_background(settings):
    settings = settings or PLAIN
    image, label = batch()
    ours = apart(**settings)
    other = small_segmenter(background_id=None, outside=True, **settings)
    for mine, its in zip(ours.net.weights, other.net.weights, strict=True):
        its.assign(mine)
    # A background that is never the answer adds nothing to the softmax.
    bias = head_of(other.net).bias
    bias.assign(tf.concat([bias[:CLASSES], [-1e9]], axis=0))
    for segmenter in (ours, other):
        for layer in segmenter.net.layers:
            if "auxiliary" in layer.name and getattr(layer, "bias", None) is not None:
                layer.bias.assign(tf.concat([layer.bias[:-1], [-1e9]], axis=0))
    found, expected = gradients(ours, image, label), gradients(other, image, label)
    assert found.keys() == expected.keys()
    for path, value in expected.items():
        mine = found[path]
        if path.endswith(("head/kernel", "head/bias")):
            mine, value = mine[..., :CLASSES], value[..., :CLASSES]
        np.testing.assert_allclose(mine, value, atol=2e-6, err_msg=path)


def test_the_background_is_a_binary_output():
    image, label = batch()
    segmenter = apart(**PLAIN)
    found = gradients(segmenter, image, label)
    outputs = segmenter.forward(image, training=True)
    logits, features = outputs.logits.numpy().astype(np.float64), outputs.features.numpy()
    p = np.exp(logits[..., -1]) / np.exp(logits).sum(axis=-1)
    slope = np.where(label == VOID, p - 1, p) * (label.numpy() != OUTSIDE) / label.numpy().size
    (kernel,) = (v for path, v in found.items() if path.endswith("head/kernel"))
    (bias,) = (v for path, v in found.items() if path.endswith("head/bias"))
    np.testing.assert_allclose(bias[-1], slope.sum(), atol=1e-6)
    expected = np.einsum("bhw,bhwd->d", slope, features)
    np.testing.assert_allclose(kernel[0, 0, :, -1], expected, atol=2e-6)


@pytest.mark.parametrize("variance", ["sampled", "closed_form"])
def test_the_numbers_are_those_of_the_net(variance):
    image, _ = batch()
    ours = apart(variance=variance)
    plain = small_segmenter(variance=variance)
    for mine, its in zip(ours.net.weights, plain.net.weights, strict=True):
        its.assign(mine)
    found, expected = (s.forward(image, training=False) for s in (ours, plain))
    np.testing.assert_array_equal(found.logits, expected.logits)
    np.testing.assert_array_equal(found.features, expected.features)
    np.testing.assert_array_equal(found.head_kernel[..., :-1], expected.head_kernel[..., :-1])
    assert not np.any(found.head_kernel[..., -1])


@pytest.mark.parametrize("variance", ["sampled", "closed_form"])
def test_the_variance_of_the_background_is_not_paid_for(variance):
    image, label = batch()
    segmenter = apart(variance=variance, uncertainty_weight=10.0, gate_gradient=False)
    kernel = head_of(segmenter.net).kernel

    def slopes():
        with tf.GradientTape() as tape:
            outputs = segmenter.forward(image, training=variance == "sampled")
            value = segmenter.objective(label, outputs)["variance"]
        return tape.gradient(value, kernel, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    assert np.any(slopes()[..., :CLASSES])
    assert not np.any(slopes()[..., -1])


def test_a_step_trains_it():
    segmenter = apart()
    kernel = head_of(segmenter.net).kernel
    before = kernel.numpy()
    segmenter.train_step({name: tf.constant(value) for name, value in noise_batch().items()})
    assert np.all(np.any(kernel.numpy() != before, axis=(0, 1, 2)))  # of every output


def test_the_objective_says_that_it_is_apart():
    assert small_objective(outputs=OUTPUTS, background_apart=True).labels.background_apart
    assert not small_objective(outputs=OUTPUTS).labels.background_apart
