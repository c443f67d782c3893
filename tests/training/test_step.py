"""The compiled step, with XLA as on a GPU, against the one without."""

import numpy as np
import pytest

from kerasseg.config import AugmentConfig, OptimizerConfig
from kerasseg.training.step import compile_step
from tests.training.small_segmenter import noise_batch, small_segmenter


def trained(*, jit: bool, steps: int = 3, **settings) -> list[np.ndarray]:
    """The weights and averages after some steps."""
    segmenter = small_segmenter(**settings)
    step = compile_step(segmenter, jit=jit)
    for number in range(steps):
        means = step(noise_batch(number))
        assert np.isfinite([float(value) for value in means.values()]).all()
    return [w.numpy() for w in (*segmenter.net.weights, *segmenter.averaged.weights)]


# Of the schedule's 100 steps the encoder is frozen in one.
SLOWER = {"name": "adamw", "weight_decay": 0.1, "encoder_rate": 0.1, "encoder_frozen": 0.01}


@pytest.mark.parametrize("optimizer", [{"name": "sgd"}, SLOWER], ids=["sgd", "adamw"])
def test_xla_makes_the_same_steps(optimizer):
    settings = {
        "augmentation": AugmentConfig(flip=True, brightness=0.3, contrast=0.3, saturation=0.3),
        "optimizer": OptimizerConfig(learning_rate=0.01, average_decay=0.9, **optimizer),
    }
    plain, compiled = (trained(jit=jit, **settings) for jit in (False, True))
    # XLA sums in another order. Values near 1 are rounded to 1e-7; the net and three steps with a
    # rate of 0.01 (times at most 1 / EPSILON) make a hundred times that of it at the very most.
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_what_auto_means_on_a_gpu_compiles_and_trains(precision):
    before = trained(jit=True, steps=0, precision=precision)
    after = trained(jit=True, precision=precision, optimizer=OptimizerConfig(name="adamw"))
    assert all(np.isfinite(values).all() for values in after)
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
