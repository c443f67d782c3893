"""One 1x1 head, used directly and behind K parallel Dropout branches; and the closed form.

A net that was saved and loaded knows its parts by name only: the names are here and nowhere else.
"""

from collections.abc import Iterator

import keras
import tensorflow as tf
from keras import initializers, layers

from kerasseg.models.layers.dropout import SharedDropout

FEATURES, HEAD, AUXILIARY, _BRANCH = "features", "head", "auxiliary", "dropout_branch"


def direct_head(features, *, outputs: int, seeds: Iterator[int]):
    """Penultimate features (B, H, W, D) to direct logits (B, H, W, outputs) float32.

    seeds: see `blocks.initializer_seeds`.
    """
    head = layers.Conv2D(
        outputs,
        1,
        kernel_initializer=initializers.GlorotUniform(seed=next(seeds)),
        dtype="float32",
        name=HEAD,
    )
    return head(features)


def with_branches(
    net: keras.Model, *, branches: int, dropout_rate: float, seed: int
) -> keras.Model:
    """The net with K parallel Dropout branches that share its head.

    net: image (B, H, W, 3) to direct logits. Returns a model of the same weights: image to a list
    of 1 + K logits, each (B, H, W, outputs) float32, the direct ones first. Branch k draws from
    the seed `seed` + k.
    """
    head, features = net.get_layer(HEAD), net.get_layer(FEATURES).output
    logits = [net.outputs[0]]
    for k in range(1, branches + 1):
        dropped = SharedDropout(
            dropout_rate, seed=seed + k, dtype=features.dtype, name=f"{_BRANCH}{k}"
        )(features)
        logits.append(head(dropped))
    return keras.Model(net.input, logits, name=net.name)


def closed_form_variance(features, head_kernel, *, dropout_rate: float) -> tf.Tensor:
    """Expected sample variance of the branch logits, mean over classes.

    features: (B, H, W, D). head_kernel: (1, 1, D, C). Returns (B, H, W) float32, squared logits:
    Dropout(p) before a linear head has Var[logit_c] = p / (1 - p) * sum_i W_ic**2 x_i**2, and its
    mean over classes is one more 1x1 convolution with a single output channel.
    """
    # All summands are positive: TF32 on a GPU costs no more than its own rounding, 1e-3.
    squared = tf.square(tf.cast(features, tf.float32))
    weights = tf.reduce_mean(tf.square(tf.cast(head_kernel, tf.float32)), axis=-1, keepdims=True)
    variance = tf.nn.conv2d(squared, weights, strides=1, padding="VALID")[..., 0]
    return dropout_rate / (1.0 - dropout_rate) * variance


def head_of(net: keras.Model) -> layers.Conv2D:
    """The 1x1 convolution that all logits come from."""
    return net.get_layer(HEAD)


def dropout_rate_of(net: keras.Model) -> float:
    """The rate of the Dropout branches. Raises ValueError if the net has none."""
    return net.get_layer(f"{_BRANCH}1").rate


def features_and_logits(
    net: keras.Model, *, branches: bool = False, auxiliary: bool = False
) -> keras.Model:
    """The net with its penultimate features, sharing its weights.

    Image (B, H, W, 3) -> [features (B, H, W, D), direct logits (B, H, W, outputs)], and with
    `branches` the logits of the Dropout branches. auxiliary: whether those of the auxiliary head,
    the last of `net`, which then has one, are the last here.
    """
    logits = net.outputs if branches else net.outputs[:1]
    if auxiliary and not branches:
        logits = [*logits, net.outputs[-1]]
    return keras.Model(net.input, [net.get_layer(FEATURES).output, *logits])
