"""Settings of the net and of what it is trained on: encoder, decoder, head, loss terms."""

from typing import Annotated, Literal

from pydantic import Field

from kerasseg.config.setting_types import (
    Allowed,
    AnyPath,
    Integer,
    Number,
    Section,
    Switch,
)


class ModelConfig(Section):
    """The net: encoder, decoder and head."""

    encoder: Literal[
        "unet",
        "efficientnet_lite0",
        "efficientnet_lite1",
        "efficientnet_lite2",
        "efficientnet_v2_b0",
        "efficientnet_v2_b1",
        "efficientnet_v2_b2",
        "efficientnet_v2_b3",
        "efficientnet_v2_s",
        "mobilenet_v3_large",
        "resnet50",
        "resnet50_v2",
        "convnext_tiny",
        "convnext_small",
    ] = Field("unet", description="what turns the image into features")
    encoder_weights: AnyPath = Field(
        "none",
        description="trained weights of the encoder: imagenet, a file, or none; not with unet",
    )
    encoder_batch_norm: Literal["train", "frozen"] = Field(
        "train",
        description="BatchNorm of the encoder; frozen: statistics, scale and offset stay as loaded",
    )
    width: Integer = Field(
        64, ge=1, le=1024, description="unet only: channels of the first level, doubled with each"
    )
    depth: Integer = Field(4, ge=1, le=6, description="unet only: how often the image is halved")
    decoder_channels: (
        Annotated[
            tuple[Annotated[Integer, Field(ge=1, le=4096)], ...],
            Allowed("list of integers, 1 <= x <= 4096, one for each doubling, the deepest first"),
        ]
        | None
    ) = Field(
        None,
        description="channels of the decoder after each doubling; null: as many as the U-Net's "
        "encoder has there, with other encoders 256, 128, 64, 32, 32",
    )
    # Zeros at the edge would be a frame that the net learns.
    padding: Literal["zero", "reflect"] = Field(
        "reflect", description="how the image is padded for a convolution"
    )
    upsampling: Literal["transposed", "pixel_shuffle", "resize"] = Field(
        "transposed", description="how the image is doubled on the way up"
    )
    dropout_rate: Number = Field(
        0.3, gt=0, lt=1, description="share of the features each dropout branch drops"
    )
    branches: Integer = Field(
        3, ge=2, le=16, description="dropout branches whose disagreement is the uncertainty"
    )
    auxiliary_stride: Annotated[Integer, Allowed("8 | 16")] = Field(
        16,
        ge=8,
        le=16,
        multiple_of=8,
        description="with loss.auxiliary: stride of the encoder's feature map behind which the "
        "auxiliary head is",
    )
    # Keras' own 0.99 lags behind in short runs.
    batch_norm_momentum: Number = Field(
        0.9, ge=0, lt=1, description="share of the old statistics kept in a step"
    )
    batch_norm_epsilon: Number = Field(1e-5, gt=0, description="added to the variance of the batch")
    batch_norm_sync: Switch = Field(
        True,
        description="several replicas: statistics of the whole batch, not of each replica's part",
    )


class LossConfig(Section):
    """The terms of the loss and their weights."""

    boundary_weight: Number = Field(
        2.0, ge=0, description="k: weight of a pixel at a boundary; elsewhere it is 1"
    )
    boundary_mode: Literal["outer", "thick"] = Field(
        "outer",
        description="which pixels are at a boundary: as scikit-image's find_boundaries says",
    )
    boundary_width: Integer = Field(
        1, ge=1, le=32, description="width of the boundary, in pixels at working size"
    )
    uncertainty_weight: Number = Field(
        0.5, ge=0, description="C: weight of the gated variance of the branches"
    )
    variance: Literal["sampled", "closed_form"] = Field(
        "sampled",
        description="variance of the sampled branches, or its expectation in closed form",
    )
    variance_of: Literal["logits", "probabilities"] = Field(
        "logits",
        description="what the branches disagree on; the variance of the logits grows where the "
        "net is sure, that of the probabilities where it is not",
    )
    gate_gradient: Switch = Field(
        True, description="let the gradient of the variance term reach p(background), too"
    )
    class_weights: Literal["none", "median_frequency"] = Field(
        "none",
        description="class weights in the cross entropy: 1 for all, or larger for rare classes",
    )
    class_weight_power: Number = Field(
        1.0, gt=0, le=1, description="exponent on the class weights; 0.5 is their square root"
    )
    focal_gamma: Number = Field(
        0.0,
        ge=0,
        le=10,
        description="focal loss: exponent that plays down pixels that are right already",
    )
    hard_pixels: Number = Field(
        1.0,
        gt=0,
        le=1,
        description="share of each image's pixels, those of largest cross entropy, that is trained",
    )
    label_smoothing: Number = Field(
        0.0, ge=0, lt=1, description="share of the target that is spread evenly over all classes"
    )
    dice: Number = Field(0.0, ge=0, description="weight of the Dice loss; 0: off")
    lovasz: Number = Field(0.0, ge=0, description="weight of the Lovasz-softmax loss; 0: off")
    auxiliary: Number = Field(
        0.0,
        ge=0,
        description="weight of the cross entropy of a head on the encoder, which training alone "
        "has; 0: off",
    )
