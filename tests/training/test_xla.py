"""XLA compiles the training step of every net in every precision; test_step has the numbers."""

import itertools

import numpy as np
import pytest

from kerasseg.config import ModelConfig
from kerasseg.models.build import build_net
from kerasseg.training.segmenter import Segmenter
from kerasseg.training.step import compile_step
from tests.training.small_segmenter import OUTPUTS, noise_batch, small_objective

ALL = itertools.product(
    ("transposed", "pixel_shuffle", "resize"),
    ("zero", "reflect"),
    ("float32", "mixed_float16", "mixed_bfloat16"),
)
# Seconds each, a minute together: one runs always, the one that once did not compile.
ONCE = ("resize", "zero", "mixed_float16")


@pytest.mark.parametrize(
    ("upsampling", "padding", "precision"),
    [pytest.param(*c, marks=() if c == ONCE else pytest.mark.slow) for c in ALL],
)
def test_it_compiles(upsampling, padding, precision):
    model = ModelConfig(width=2, depth=1, upsampling=upsampling, padding=padding)
    net = build_net(model, outputs=OUTPUTS, seed=0, precision=precision)
    # Behind the logits all nets are alike: the terms of the defaults are test_step's.
    objective = small_objective(outputs=OUTPUTS, uncertainty_weight=0.0, boundary_weight=1.0)
    segmenter = Segmenter(net, objective=objective, precision=precision)
    segmenter.compile(optimizer="sgd")
    segmenter.optimizer.build(net.trainable_variables)
    means = compile_step(segmenter, jit=True)(noise_batch())
    assert all(np.isfinite(float(value)) for value in means.values())
