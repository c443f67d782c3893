"""The fused optimizer against Keras' own, which writes the same formula out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseg.training.fused_adam import FusedAdam


def steps(optimizer, *, count: int = 5):
    """The variables after some steps on seeded gradients: weights first, then the optimizer's."""
    rng = np.random.default_rng(0)
    weights = [
        keras.Variable(rng.normal(size=shape).astype(np.float32), name=name)
        for name, shape in (("kernel", (3, 4)), ("bias", (4,)))
    ]
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(weights)

    @tf.function
    def apply(gradients):
        optimizer.apply(gradients, weights)

    for _ in range(count):
        apply([tf.constant(rng.normal(size=w.shape).astype(np.float32)) for w in weights])
    return {v.path: v.numpy() for v in (*weights, *optimizer.variables)}


@pytest.mark.parametrize(
    "settings",
    [{}, {"weight_decay": 0.1}, {"global_clipnorm": 0.5}, {"beta_1": 0.8, "epsilon": 1e-3}],
)
def test_it_steps_as_keras_does(settings):
    settings = {"learning_rate": 0.05, "name": "adam", **settings}
    expected = steps(keras.optimizers.Adam(**settings))
    found = steps(FusedAdam(**settings))
    assert list(found) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=2e-5, atol=1e-6, err_msg=name)


def test_with_a_decay_it_is_adamw():
    settings = {"learning_rate": 0.05, "weight_decay": 0.1}
    expected = list(steps(keras.optimizers.AdamW(**settings)).values())
    for found, values in zip(steps(FusedAdam(**settings)).values(), expected, strict=True):
        np.testing.assert_allclose(found, values, rtol=2e-5, atol=1e-6)
