"""The public API in a person's own code: `kerasseg.Segmenter` with `compile`, `fit`, `evaluate`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasseg

CLASSES = 3
SMALL = {"width": 2, "depth": 1}


def pairs(count=4, *, seed=0):
    """Images and labels with void in them."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 8, 12, 3)).astype(np.uint8)
    return images, rng.choice([0, 1, 2, 255], (count, 8, 12)).astype(np.uint8)


def compiled(objective=None, *, net=None, **settings):
    net = net or kerasseg.models.unet(classes=CLASSES, **SMALL)
    segmenter = kerasseg.Segmenter(net, objective=objective)
    segmenter.compile(optimizer=keras.optimizers.SGD(0.01), **settings)
    return segmenter


def test_fit_and_evaluate_give_the_terms_and_the_compiled_metrics():
    segmenter = compiled(metrics=[kerasseg.metrics.MeanIoU(num_classes=CLASSES)])
    images, labels = pairs()
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(2)
    fitted = segmenter.fit(dataset, validation_data=dataset, epochs=2, shuffle=False, verbose=0)
    history = fitted.history
    own = {"loss", "cross_entropy", "variance", "mean_iou"}
    assert set(history) == own | {f"val_{name}" for name in own}
    assert all(np.isfinite(values).all() and len(values) == 2 for values in history.values())
    scores = segmenter.evaluate(dataset, verbose=0, return_dict=True)
    # The metric against NumPy, on what `predict` says; void is left out.
    answers = segmenter.predict(images, verbose=0).argmax(axis=-1)
    valid = labels != 255
    each = [
        ((answers == c) & (labels == c))[valid].sum()
        / ((answers == c) | (labels == c))[valid].sum()
        for c in range(CLASSES)
    ]
    assert scores["mean_iou"] == pytest.approx(np.mean(each), rel=1e-6)


def test_evaluate_gives_the_objective_with_the_closed_form_of_the_variance():
    settings = {"background_id": CLASSES - 1, "uncertainty_weight": 0.5}
    sampled, closed = (
        compiled(kerasseg.Objective.from_settings(variance=variance, **settings))
        for variance in ("sampled", "closed_form")
    )
    images, labels = pairs()
    one = sampled.evaluate(images, labels, verbose=0, return_dict=True)
    other = closed.evaluate(images, labels, verbose=0, return_dict=True)
    assert one == pytest.approx(other)
    assert one["variance"] > 0
    assert one["loss"] == pytest.approx(one["cross_entropy"] + 0.5 * one["variance"])
    loss = kerasseg.losses.WeightedCrossEntropy(background_id=CLASSES - 1)
    logits = sampled.predict(images, verbose=0)
    assert one["cross_entropy"] == pytest.approx(float(loss(labels, logits)), rel=1e-5)


def test_fit_lowers_the_loss():
    segmenter = compiled(kerasseg.Objective.from_settings(uncertainty_weight=0.0))
    segmenter.optimizer.learning_rate = 0.5
    images, labels = pairs(2)
    history = segmenter.fit(images, labels, batch_size=2, epochs=15, verbose=0).history
    assert history["loss"][-1] < 0.9 * history["loss"][0]


def test_a_net_without_branches_gets_those_of_the_defaults():
    segmenter = compiled()
    assert len(segmenter.net.outputs) == 4
    image, _ = pairs(1)
    np.testing.assert_array_equal(
        segmenter.predict(image, verbose=0), segmenter.net(image, training=False)[0]
    )


def test_the_auxiliary_head_is_of_the_segmenter_and_not_of_the_net(tmp_path):
    net = kerasseg.models.unet(classes=CLASSES, width=2, depth=3)
    count, names = net.count_params(), [layer.name for layer in net.layers]
    segmenter = kerasseg.Segmenter(
        net, objective=kerasseg.Objective.from_settings(auxiliary=0.4), auxiliary_stride=8
    )
    segmenter.compile(optimizer=keras.optimizers.Adam(0.01))
    images, labels = pairs()
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(2)
    before = segmenter.net.get_layer("auxiliary_conv").kernel.numpy()
    history = segmenter.fit(dataset, validation_data=dataset, shuffle=False, verbose=0).history
    assert {"auxiliary", "val_auxiliary"} < set(history)
    assert not np.array_equal(segmenter.net.get_layer("auxiliary_conv").kernel, before)
    expected = segmenter.predict(images, verbose=0)
    assert expected.shape == (*labels.shape, CLASSES)
    assert (net.count_params(), [layer.name for layer in net.layers]) == (count, names)
    net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_allclose(again.predict(images, verbose=0), expected, atol=1e-5)


def test_a_net_without_the_stride_of_the_auxiliary_head_is_refused():
    with pytest.raises(ValueError, match=r"model\.auxiliary_stride: found 16, allowed"):
        compiled(kerasseg.Objective.from_settings(auxiliary=0.4))


@pytest.mark.parametrize("batch", [(np.zeros((1, 4, 4, 3)),), "weight"])
def test_a_batch_that_is_no_pair_is_refused(batch):
    images, labels = pairs(1)
    batch = (images, labels, np.ones(1)) if batch == "weight" else batch
    with pytest.raises(ValueError, match=r"expected \(image, label\)"):
        compiled().train_step(batch)


def test_the_net_is_saved_and_loaded_without_the_segmenter(tmp_path):
    segmenter = compiled()
    images, labels = pairs(2)
    segmenter.fit(images, labels, verbose=0)
    segmenter.net.save(tmp_path / "net.keras")
    again = keras.saving.load_model(tmp_path / "net.keras")
    expected = segmenter.predict(images, verbose=0)
    np.testing.assert_allclose(again.predict(images, verbose=0)[0], expected, atol=1e-6)


def test_a_net_of_one_output_has_the_weights_of_the_net_with_branches():
    plain = kerasseg.models.unet(classes=CLASSES, seed=3, **SMALL)
    branched = kerasseg.Segmenter(kerasseg.models.unet(classes=CLASSES, seed=3, **SMALL)).net
    assert len(plain.outputs) == 1
    assert plain.outputs[0].dtype == "float32"
    for one, other in zip(plain.get_weights(), branched.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"encoder": "resnet"}, "encoder"),
        ({"encoder_weights": "imagenet"}, "encoder_weights"),
        ({"width": 0}, "width"),
        ({"wdth": 4}, "wdth"),
    ],
)
def test_a_wrong_setting_of_a_net_is_named(settings, named):
    with pytest.raises(ValueError, match=named):
        kerasseg.models.unet(classes=CLASSES, **settings)


def test_a_wrong_setting_of_the_objective_is_named():
    with pytest.raises(ValueError, match="boundary_wieght"):
        kerasseg.Objective.from_settings(boundary_wieght=2.0)
