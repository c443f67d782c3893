"""Some steps of a net with Dropout branches; prints the loss of each and a hash of the weights.

A program of its own, run by test_same_steps. The tensors of a step take so much, over 205 MB, that
TensorFlow's memory optimizer would have its say.
"""

import hashlib
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from kerasseg.config import ModelConfig, OptimizerConfig
from kerasseg.models.build import build_net
from kerasseg.training.optimizer import build_optimizer, build_schedule
from kerasseg.training.segmenter import Segmenter
from kerasseg.training.step import compile_step
from tests.training.small_segmenter import small_objective

OUTPUTS, SIZE, STEPS = 12, (4, 192, 256), 8


def main(variance: str) -> None:
    net = build_net(ModelConfig(width=16, depth=1), outputs=OUTPUTS, seed=0, precision="float32")
    objective = small_objective(outputs=OUTPUTS, variance=variance)
    segmenter = Segmenter(net, objective=objective)
    settings = OptimizerConfig(name="adamw")
    segmenter.compile(optimizer=build_optimizer(settings, build_schedule(settings, total_steps=9)))
    segmenter.optimizer.build(net.trainable_variables)
    step = compile_step(segmenter, jit=False)
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        image = rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8)
        label = rng.integers(0, OUTPUTS, SIZE).astype(np.uint8)
        print(f"{float(step((image, label))['loss']):.9g}")
    print(hashlib.sha256(b"".join(w.tobytes() for w in net.get_weights())).hexdigest())


for variance in sys.argv[1:]:
    main(variance)
