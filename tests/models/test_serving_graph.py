"""The serving graph against the same net in Keras and the rest in NumPy; and against training."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.config import ModelConfig
from kerasseg.data.pipeline import resize_pair
from kerasseg.data.resize import resize_image
from kerasseg.data.working_scale import WorkingScale
from kerasseg.models.build import build_net
from kerasseg.models.heads import features_and_logits
from kerasseg.models.serving_graph import ServingGraph

OUTPUTS, RATE = 5, 0.3
SCALES = {
    "one": ((16, 24), (16, 24)),
    "half": ((16, 24), (32, 48)),
    "three tenths": ((30, 45), (100, 150)),
}


@pytest.fixture(scope="module")
def net():
    net = build_net(
        ModelConfig(width=3, depth=2, dropout_rate=RATE),
        outputs=OUTPUTS,
        seed=1,
        precision="float32",
    )
    # Untrained logits are nearly equal: stretched, so that every class wins somewhere.
    head = net.get_layer("head")
    head.kernel.assign(head.kernel * 8.0)
    return net


def serving(net, scale="half", *, background_id=OUTPUTS - 1, variance=True, **options):
    working, native = SCALES[scale]
    return ServingGraph(
        net,
        scale=WorkingScale(working, fixed=working[0] / native[0]),
        background_id=background_id,
        dropout_rate=RATE,
        variance=variance,
        **options,
    )


@pytest.fixture(scope="module")
def half(net):
    return serving(net)


@pytest.fixture(scope="module")
def half_ignoring(net):
    return serving(net, background_id=None)


def noise(*shape, seed=0):
    """Blotches of colour: pure noise gives every pixel the same label."""
    rng = np.random.default_rng(seed)
    batch, height, width = shape
    coarse = rng.integers(0, 256, (batch, -(-height // 6), -(-width // 6), 3))
    fine = np.repeat(np.repeat(coarse, 6, axis=1), 6, axis=2)[:, :height, :width]
    return np.clip(fine + rng.integers(-20, 20, fine.shape), 0, 255).astype(np.uint8)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def resized(values, size):
    return tf.image.resize(values, size, method="bilinear", antialias=False).numpy()


def by_hand(net, images, *, background_id, scale):
    """All outputs for a working scale of at least one half."""
    size = [max(1, int(side * scale + 0.5)) for side in images.shape[1:3]]
    seen = resize_image(images, size, blocks=(1, 1))  # has tests of its own
    features, logits = (np.asarray(v) for v in features_and_logits(net)(seen, training=False))
    kernel = net.get_layer("head").kernel.numpy()[0, 0]
    variance = (features**2 @ kernel**2).mean(axis=-1) * RATE / (1 - RATE)
    if background_id is not None:
        variance *= 1 - softmax(logits)[..., background_id]
    native = resized(logits, images.shape[1:3])
    # Of the difference of each pair of logits, pair by pair.
    pairs = [
        (features**2 @ (kernel[:, a] - kernel[:, c]) ** 2) * RATE / (1 - RATE)
        for a in range(OUTPUTS)
        for c in range(OUTPUTS)
        if a != c
    ]
    known = softmax(logits / np.sqrt(1 + np.pi / 8 * np.mean(pairs, axis=0))[..., None])
    if background_id is not None:
        known = np.delete(known, background_id, axis=-1)
    uncertainty = resized(1 - known.max(axis=-1, keepdims=True), images.shape[1:3])[..., 0]
    return {
        "labels": native.argmax(axis=-1),
        "confidence": softmax(native).max(axis=-1),
        "uncertainty": uncertainty,
        "image_uncertainty": uncertainty.mean(axis=(1, 2)),
        "variance": resized(variance[..., None], images.shape[1:3])[..., 0],
    }


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (97, 131), (32, 48)])
@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None], ids=["background", "ignore"])
def test_all_answers(net, half, half_ignoring, size, background_id):
    images = noise(2, *size)
    found = (half_ignoring if background_id is None else half).predict(images)
    expected = by_hand(net, images, background_id=background_id, scale=0.5)
    assert found.keys() == expected.keys()
    for name in found.keys() - {"labels"}:
        assert found[name].shape == (images.shape[:1] if "image" in name else images.shape[:3])
        assert found[name].dtype == tf.float32
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5)
    assert found["labels"].dtype == tf.uint8
    # Two logits may tie to the last bit of a float.
    assert (found["labels"].numpy() == expected["labels"]).mean() > 0.999
    assert found["variance"].numpy().min() >= 0
    assert 0 <= found["uncertainty"].numpy().min() <= found["uncertainty"].numpy().max() <= 1
    assert 0 < found["confidence"].numpy().max() <= 1 + 1e-6


def test_the_image_of_this_test_has_several_labels(half):
    assert len(np.unique(half.labels(noise(1, 97, 131)))) >= 3


def test_labels_alone_are_those_of_predict(half):
    images = noise(1, 45, 31)
    np.testing.assert_array_equal(half.labels(images), half.predict(images)["labels"])


def test_the_images_of_a_batch_do_not_know_of_one_another(half):
    images = noise(3, 21, 34)
    together = half.predict(images)
    for i in range(3):
        alone = half.predict(images[i : i + 1])
        for name in ("confidence", "uncertainty", "image_uncertainty", "variance"):
            np.testing.assert_allclose(together[name][i], alone[name][0], atol=1e-5)


def test_the_variance_is_given_if_asked_for(net):
    graph = serving(net, variance=False)
    found = graph.predict(noise(1, 8, 9))
    assert found.keys() == {"labels", "confidence", "uncertainty", "image_uncertainty"}


@pytest.mark.parametrize("background_id", [OUTPUTS - 1, None], ids=["background", "ignore"])
def test_what_is_above_the_threshold_is_unlabelled_and_nothing_else_changes(net, background_id):
    images, options = noise(1, 33, 40), {"background_id": background_id, "temperature": 1.5}
    sure = serving(net, **options)
    plain = sure.predict(images)
    uncertainty = plain["uncertainty"].numpy()
    threshold = float(np.median(uncertainty))
    graph = serving(net, unlabelled_above=threshold, **options)
    found = graph.predict(images)
    void = 255 if background_id is None else background_id
    known = sure.probabilities(images)["probabilities"].numpy()[..., :background_id].argmax(-1)
    expected = np.where(uncertainty > np.float32(threshold), void, known)
    assert 0.3 < (expected == void).mean() < 0.9
    np.testing.assert_array_equal(found["labels"], expected)
    np.testing.assert_array_equal(graph.labels(images), expected)
    for name in plain.keys() - {"labels"}:
        np.testing.assert_array_equal(found[name], plain[name])


def test_a_temperature_changes_what_is_a_probability_alone(net, half):
    images, temperature = noise(1, 33, 40), 2.5
    graph = serving(net, temperature=temperature)
    found, plain = graph.predict_with_probabilities(images), half.predict(images)
    np.testing.assert_array_equal(found["labels"], plain["labels"])
    np.testing.assert_allclose(found["variance"], plain["variance"], rtol=1e-5)
    powers = half.probabilities(images)["probabilities"].numpy() ** (1 / temperature)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(found["probabilities"], expected, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found["confidence"], expected.max(axis=-1), rtol=1e-4)
    # Flatter, though not by as much as without the temperature of Dropout.
    assert (found["uncertainty"] > plain["uncertainty"]).numpy().mean() > 0.95
    np.testing.assert_allclose(
        graph.probabilities(images)["probabilities"], expected, rtol=1e-3, atol=1e-6
    )


def test_temperature_1_costs_no_op(net, half):
    def operations(graph):
        found = graph.predict.get_concrete_function().graph.as_graph_def()
        return len(found.node) + sum(len(f.node_def) for f in found.library.function)

    assert operations(serving(net, temperature=2.0)) > operations(half)


@pytest.mark.parametrize("scale", SCALES)
def test_training_and_serving_see_the_same_pixels(net, scale):
    working, native = SCALES[scale]
    graph = serving(net, scale)
    images = np.random.default_rng(0).integers(0, 256, (3, *native, 3)).astype(np.uint8)
    pair = tf.data.Dataset.from_tensor_slices((images, images[..., 0]))
    trained = pair.map(lambda image, label: resize_pair(image, label, working)[0]).batch(3)
    (expected,) = trained
    seen = tf.function(graph.preprocess)(images)
    assert seen.dtype == tf.float32
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize(
    ("size", "expected"), [((1, 1), (1, 1)), ((2, 3), (1, 2)), ((97, 131), (49, 66))]
)
def test_the_working_scale_holds_for_every_size_rounded_half_up(half, size, expected):
    assert half.preprocess(noise(1, *size)).shape == (1, *expected, 3)


@pytest.mark.parametrize("method", ["predict", "labels"])
def test_nothing_in_the_graph_is_random_and_it_says_the_same_twice(half, method):
    function = getattr(half, method)
    graph = function.get_concrete_function().graph.as_graph_def()
    operations = {node.op for node in graph.node}
    operations |= {node.op for f in graph.library.function for node in f.node_def}
    assert "Conv2D" in operations
    assert not {op for op in operations if "random" in op.lower() or "dropout" in op.lower()}
    images = noise(1, 20, 30)
    tf.nest.map_structure(np.testing.assert_array_equal, function(images), function(images))


def test_a_change_of_the_weights_is_seen_at_once(net):
    graph = serving(net)
    images = noise(1, 16, 16)
    before = graph.predict(images)["confidence"].numpy()
    bias = net.get_layer("head").bias
    bias.assign_add([50.0, 0, 0, 0, 0])
    try:
        after = graph.predict(images)
    finally:
        bias.assign_sub([50.0, 0, 0, 0, 0])
    assert not after["labels"].numpy().any()
    assert not np.array_equal(after["confidence"], before)


def test_the_variance_is_the_mean_over_sampled_dropout_passes(net):
    images = noise(1, 16, 24)
    features, logits = features_and_logits(net)(images.astype(np.float32), training=False)
    head, passes = net.get_layer("head"), 2000
    dropout = keras.layers.Dropout(RATE, seed=5)

    @tf.function
    def sampled_variance():
        branches = tf.stack([head(dropout(features, training=True)) for _ in range(3)])
        return tf.reduce_mean(tf.math.reduce_variance(branches, axis=0) * 3 / 2, axis=-1)

    mean = sum(sampled_variance().numpy() for _ in range(passes)) / passes
    expected = mean * (1 - softmax(logits.numpy())[..., OUTPUTS - 1])
    graph = serving(net, "one")
    found = graph.predict(images)["variance"].numpy()
    seen = expected > 0  # where all features are 0, Dropout changes nothing
    assert seen.mean() > 0.9
    np.testing.assert_allclose(found[~seen], 0, atol=1e-6)
    assert np.median(np.abs(found[seen] / expected[seen] - 1)) < 0.02
