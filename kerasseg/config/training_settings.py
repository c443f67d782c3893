"""Settings of a training: optimizer, stages, budget, devices."""

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


class OptimizerConfig(Section):
    """The optimizer and its learning rate."""

    name: Literal["adam", "adamw", "sgd"] = Field("adam", description="update rule")
    learning_rate: Number = Field(1e-3, gt=0, description="peak learning rate")
    schedule: Literal["constant", "polynomial", "cosine"] = Field(
        "constant",
        description="decay of the learning rate over the run; polynomial and cosine end at 0",
    )
    warmup: Number = Field(
        0.0, ge=0, lt=1, description="share of all steps in which the rate rises linearly from 0"
    )
    power: Number = Field(0.9, gt=0, description="polynomial only: the exponent")
    weight_decay: Number = Field(
        0.0, ge=0, description="decay of the weights in a step, times the rate"
    )
    encoder_rate: Number = Field(
        1.0, gt=0, le=1, description="the encoder's share of the learning rate"
    )
    encoder_frozen: Number = Field(
        0.0, ge=0, lt=1, description="share of all steps in which the encoder is not trained yet"
    )
    momentum: Number = Field(0.9, ge=0, lt=1, description="sgd only: share of the last step kept")
    clip_norm: Number | None = Field(
        None,
        gt=0,
        description="maximum global norm of the gradient; null: no clipping",
    )
    average_decay: Number | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay of an exponential moving average of the weights, which is then the one "
        "used; null: none",
    )


class Stage(Section):
    """One stage of the crop curriculum."""

    crop_scale: Number = Field(gt=0, le=1, description="side of the crop over side of the image")
    epochs: Integer = Field(ge=1, description="passes over the training images")


class TrainConfig(Section):
    """Length, speed and saving of a training."""

    batch_size: Integer = Field(
        2, ge=1, description="images in a step, all replicas taken together"
    )
    accumulate: Integer = Field(
        1,
        ge=1,
        description="work through the images of a step in so many parts, which takes less memory; "
        "the update is the same, but BatchNorm normalises each part by itself",
    )
    stages: Annotated[
        tuple[Stage, ...],
        Allowed("list of {crop_scale: number, 0 < x <= 1, epochs: integer >= 1}, at least one"),
    ] = Field(
        (
            Stage(crop_scale=0.6, epochs=8),
            Stage(crop_scale=0.75, epochs=8),
            Stage(crop_scale=1.0, epochs=8),
        ),
        min_length=1,
        description="the curriculum: random crops of so much of the image's side, for so many "
        "epochs, one stage after the other",
    )
    class_balance: Number = Field(
        0.0,
        ge=0,
        le=1,
        description="show images with rare classes more often; 0: each once an epoch, 1: every "
        "class alike",
    )
    minutes: Number | None = Field(
        None,
        gt=0,
        description="time budget: the epochs become shares of so many minutes; null: none",
    )
    steps: Integer | None = Field(
        None,
        ge=1,
        description="budget in steps: the epochs become shares of so many steps; null: none",
    )
    precision: Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"] = Field(
        "auto", description="number format of the computation; auto: what is fast here"
    )
    jit: Literal["auto"] | Switch = Field(
        "auto", description="compile with XLA; auto: where that is faster"
    )
    distribute: Literal["auto", "none", "mirrored", "multi_worker"] = Field(
        "auto",
        description="train on one device, on all GPUs of this machine, or in the processes that "
        "TF_CONFIG names; auto: what is there",
    )
    gpu_memory: Integer | None = Field(
        None, ge=1, description="MiB to take of each GPU used at most; null: what is needed"
    )
    save_every: Integer = Field(
        200, ge=1, description="steps between two saved states, to continue from"
    )
    validate_every: Integer = Field(1, ge=1, description="epochs between two validations")
    patience: Integer | None = Field(
        None,
        ge=1,
        description="end the run once so many validations of the last stage in a row are no better "
        "than the best of that stage; null: never",
    )
    init_from: AnyPath | None = Field(
        None, description="start from these weights: a run directory or a .keras file"
    )
    mlflow: AnyPath | None = Field(
        None,
        description="also record the run in MLflow: a file (runs/mlflow.db) or a server's address; "
        "null: do not",
    )
    panels: Integer = Field(8, ge=0, description="validation images drawn into panels/")
