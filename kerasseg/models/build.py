"""Settings to a Keras model."""

import keras
from keras import layers

from kerasseg.config import ModelConfig
from kerasseg.models.heads import segmentation_heads
from kerasseg.models.unet import unet_features


def build_net(model: ModelConfig, *, outputs: int, seed: int, precision: str) -> keras.Model:
    """The functional U-Net with its direct head and K parallel Dropout branches.

    outputs: channels of the head. precision: name of a Keras dtype policy.
    Input: image (B, H, W, 3), 0…255, any H and W, uint8 or float. Output: a list of 1 + K
    logits, each (B, H, W, outputs) float32: the direct ones first, then the branches.
    """
    keras.utils.set_random_seed(seed)
    image = keras.Input((None, None, 3), name="image", dtype="float32")
    # In float32 whatever the policy: with 8 bits, bfloat16 would round jittered gray levels.
    x = layers.Rescaling(1 / 127.5, offset=-1.0, dtype="float32", name="normalize")(image)
    features = unet_features(
        x,
        width=model.width,
        depth=model.depth,
        padding=model.padding,
        upsampling=model.upsampling,
        batch_norm_momentum=model.batch_norm_momentum,
        batch_norm_epsilon=model.batch_norm_epsilon,
        batch_norm_sync=model.batch_norm_sync,
        dtype=precision,
    )
    direct, branches = segmentation_heads(
        features,
        outputs=outputs,
        branches=model.branches,
        dropout_rate=model.dropout_rate,
        seed=seed,
    )
    return keras.Model(image, [direct, *branches], name="unet")
