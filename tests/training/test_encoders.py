"""A pretrained encoder is trained, saved and resumed as the U-Net's is."""

import numpy as np
import pytest

from kerasseg.config import OptimizerConfig
from kerasseg.models.encoders import ENCODERS
from kerasseg.training.state import restore, snapshot
from kerasseg.training.step import compile_step
from tests.training.small_segmenter import FEW_LITE_STAGES, noise_batch, small_segmenter

ENCODER = "efficientnet_lite0"


@pytest.fixture(scope="module", params=[ENCODER, "resnet50"])
def trained(request):
    """A segmenter and its step, which has been called twice."""
    # With less, the smallest steps would be lost in rounding.
    segmenter = small_segmenter(encoder=request.param, optimizer=OptimizerConfig(learning_rate=0.1))
    step = compile_step(segmenter, jit=False)
    for number in range(2):
        step(noise_batch(number))
    return segmenter, step


def test_a_saved_state_is_continued_to_the_last_bit(trained):
    segmenter, step = trained
    before = snapshot(segmenter)
    step(noise_batch(2))
    expected = snapshot(segmenter)
    step(noise_batch(3))
    restore(segmenter, before)
    step(noise_batch(2))
    for name, values in snapshot(segmenter).items():
        np.testing.assert_array_equal(values, expected[name], err_msg=name)


def test_every_weight_of_it_is_trained(trained):
    segmenter, step = trained
    before = {v.path: v.numpy() for v in segmenter.net.variables}
    step(noise_batch(4))
    still = [v.path for v in segmenter.net.variables if np.array_equal(v.numpy(), before[v.path])]
    assert still == []


@pytest.mark.slow
def test_xla_compiles_it_as_on_a_gpu(monkeypatch):
    monkeypatch.setattr("kerasseg.models.encoders.efficientnet_lite._STAGES", FEW_LITE_STAGES)
    segmenter = small_segmenter(encoder=ENCODER, precision="mixed_float16")
    means = compile_step(segmenter, jit=True)(noise_batch())
    assert all(np.isfinite(float(value)) for value in means.values())


@pytest.mark.slow
def test_mixed_precision_follows_float32():
    losses = {}
    for precision in ("float32", "mixed_bfloat16"):
        segmenter = small_segmenter(encoder=ENCODER, precision=precision)
        losses[precision] = float(segmenter.train_step(noise_batch())["loss"])
    # Eight bits of mantissa, through some sixty layers with BatchNorm.
    assert losses["mixed_bfloat16"] == pytest.approx(losses["float32"], rel=0.1)


def test_these_are_rows_of_the_table():
    assert {ENCODER, "resnet50"} <= ENCODERS.keys()
