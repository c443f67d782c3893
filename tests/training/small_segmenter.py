"""A tiny trainable model and batches of noise for it."""

import numpy as np
import tensorflow as tf

from kerasseg.config import AugmentConfig, LossConfig, ModelConfig, OptimizerConfig
from kerasseg.losses.objective import Objective
from kerasseg.models.build import build_net, encoder_variables
from kerasseg.models.layers.batch_norm import FusedBatchNormalization
from kerasseg.training.fused_adam import FusedAdam
from kerasseg.training.optimizer import build_optimizer, build_schedule
from kerasseg.training.segmenter import Segmenter

OUTPUTS = 4
SIZE = (8, 12)
# Adam divides by the root of the squared gradient, plus this. With Keras' 1e-7 its first steps
# are the sign of the gradient, and a bias in front of a BatchNorm has a gradient that is nothing
# but rounding: equal updates would differ by the whole rate. With this a step is at most
# rate / EPSILON times as far from another as their gradients are.
EPSILON = 0.01
# Of the stages of efficientnet_lite0: both kernels and strides, with and without an expansion and a
# residual, each once. What is compiled, or traced for several replicas, takes seconds a block.
FEW_LITE_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (1, 5, 2, 6, 40),
    (1, 3, 2, 6, 80),
    (1, 5, 2, 6, 192),
)


def small_objective(*, outputs: int, **changes) -> Objective:
    """The default objective whose last output is the background, but for `changes`.

    changes: settings of `LossConfig`, or those of `LabelContext`.
    """
    labels = {"background_id": outputs - 1, "class_weights": None}
    labels |= {"outside": False, "background_apart": False}
    labels |= {name: changes.pop(name) for name in tuple(labels) if name in changes}
    return Objective.from_config(LossConfig(**changes), **labels)


def small_segmenter(
    *,
    precision: str = "float32",
    optimizer: OptimizerConfig | None = None,
    augmentation: AugmentConfig | None = None,
    width: int = 2,
    depth: int = 1,
    encoder: str = "unet",
    accumulate: int = 1,
    batch_norm: bool = True,
    **goal,
) -> Segmenter:
    """Compiled and built as a session does it; `goal` goes over the settings of the objective.

    batch_norm: False = the moving statistics, which then stay, in place of those of the batch.
    """
    optimizer = optimizer or OptimizerConfig()
    if goal.get("auxiliary"):
        depth = 3  # the head is at stride 8
    small = (
        {"width": width, "depth": depth} if encoder == "unet" else {"decoder_channels": (4,) * 5}
    )
    model = ModelConfig(encoder=encoder, **small)
    net, averaged = (
        build_net(model, outputs=OUTPUTS, seed=0, precision=p) for p in (precision, "float32")
    )
    segmenter = Segmenter(
        net,
        averaged=averaged,
        objective=small_objective(outputs=OUTPUTS, **goal),
        augmentation=augmentation or AugmentConfig(),
        average_decay=optimizer.average_decay,
        seed=0,
        accumulate=accumulate,
        auxiliary_stride=8,
        precision=precision,
    )
    for layer in segmenter.net.layers:
        if isinstance(layer, FusedBatchNormalization):
            layer.trainable = batch_norm
    schedule = build_schedule(optimizer, total_steps=100)
    update = build_optimizer(optimizer, schedule, encoder=encoder_variables(net))
    if isinstance(update, FusedAdam):
        update.epsilon = EPSILON
    segmenter.compile(optimizer=update, jit_compile=False)
    segmenter.optimizer.build(segmenter.net.trainable_variables)
    return segmenter


def noise_batch(
    step: int = 0, *, batch_size: int = 2, size: tuple[int, int] = SIZE
) -> dict[str, np.ndarray]:
    """What a TrainingInput yields, with noise for pixels."""
    rng = np.random.default_rng(step)
    return {
        "image": rng.integers(0, 256, (batch_size, *size, 3)).astype(np.uint8),
        "label": rng.choice([0, 1, 2, 255], (batch_size, *size)).astype(np.uint8),
        "epoch": np.zeros(batch_size, np.int32),
        "index": (np.arange(batch_size) + step * batch_size).astype(np.int32),
    }


def dataset(steps: int) -> tf.data.Dataset:
    """`noise_batch` of step 0, 1, …"""
    batches = [noise_batch(step) for step in range(steps)]
    stacked = {name: np.stack([batch[name] for batch in batches]) for name in batches[0]}
    return tf.data.Dataset.from_tensor_slices(stacked)
