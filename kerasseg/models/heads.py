"""One 1x1 head, used directly and behind K parallel Dropout branches; and the closed form."""

import keras
import tensorflow as tf
from keras import layers

from kerasseg.models.layers.dropout import SharedDropout


def segmentation_heads(features, *, outputs: int, branches: int, dropout_rate: float, seed: int):
    """Penultimate features (B, H, W, D) to logits.

    Returns (direct logits (B, H, W, outputs), [branch logits, the same shape] * branches), all
    float32. The head has one set of weights; each branch has a Dropout of its own in front.
    """
    head = layers.Conv2D(outputs, 1, dtype="float32", name="head")
    direct = head(features)
    policy = features.dtype
    branch_logits = []
    for k in range(1, branches + 1):
        dropped = SharedDropout(
            dropout_rate, seed=seed + k, dtype=policy, name=f"dropout_branch{k}"
        )(features)
        branch_logits.append(head(dropped))
    return direct, branch_logits


def closed_form_variance(features, head_kernel, *, dropout_rate: float) -> tf.Tensor:
    """Expected sample variance of the branch logits, mean over classes.

    features: (B, H, W, D). head_kernel: (1, 1, D, C). Returns (B, H, W) float32, squared logits:
    Dropout(p) before a linear head has Var[logit_c] = p / (1 - p) * sum_i W_ic**2 x_i**2, and its
    mean over classes is one more 1x1 convolution with a single output channel.
    """
    squared = tf.square(tf.cast(features, tf.float32))
    weights = tf.reduce_mean(tf.square(tf.cast(head_kernel, tf.float32)), axis=-1, keepdims=True)
    variance = tf.nn.conv2d(squared, weights, strides=1, padding="VALID")[..., 0]
    return dropout_rate / (1.0 - dropout_rate) * variance


def features_and_logits(net: keras.Model) -> keras.Model:
    """The net without its branches, sharing its weights.

    Image (B, H, W, 3) -> [penultimate features (B, H, W, D), direct logits (B, H, W, outputs)].
    """
    features = net.get_layer("crop_to_image").output
    return keras.Model(net.input, [features, net.outputs[0]], name=f"{net.name}_direct")
