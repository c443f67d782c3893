"""Every setting of a run: type, range, default, meaning. The only place that knows a default.

The models are frozen and hashable, refuse unknown keys, take no `true` for a number, no `1.0` for
an integer, no infinity and no NaN. `kerasseg.config` reads and writes them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from kerasseg.config.setting_types import (
    MAX_SEED,
    Allowed,
    AnyPath,
    Integer,
    Number,
    Section,
    Switch,
    Text,
)


class DataConfig(Section):
    """What is read, from where, at which size."""

    name: Literal["streets", "camvid", "cityscapes", "folders"] = Field(
        "streets", description="the data set, that is how the files in data.root are laid out"
    )
    root: AnyPath = Field(
        "data/streets",
        description="folder of the data set, or folder or address (gs://...) of a packed one",
    )
    image_size: Annotated[
        tuple[
            Annotated[Integer, Field(ge=1, le=8192)],
            Annotated[Integer, Field(ge=1, le=8192)],
        ],
        Allowed("[height, width], integers from 1 to 8192"),
    ] = Field((128, 256), description="working size: what every crop is resized to, in pixels")
    max_images: Integer | None = Field(
        None, ge=1, description="take at most so many images of each split; null: all"
    )
    cache: Literal["none", "memory", "disk"] = Field(
        "none",
        description="keep decoded images in memory, or on disk, after the first epoch; "
        "of no use to packed data",
    )
    cache_dir: AnyPath | None = Field(
        None,
        description="folder of the disk cache and of what the check of the files found; "
        "null: $XDG_CACHE_HOME/kerasseg or ~/.cache/kerasseg",
    )
    workers: Integer | None = Field(
        None, ge=1, description="threads that check and decode images; null: one for each core"
    )
    labels_file: AnyPath | None = Field(
        None,
        description="folders only: the YAML file of the classes; null: <data.root>/labels.yaml",
    )
    draw_train: Integer = Field(
        400, ge=1, description="streets only: training images to draw if data.root does not exist"
    )
    draw_val: Integer = Field(
        80, ge=1, description="streets only: validation images to draw if data.root does not exist"
    )
    draw_seed: Integer = Field(
        0, ge=0, le=MAX_SEED, description="streets only: seed of the drawn images"
    )


class LabelsConfig(Section):
    """What the labels mean."""

    void: Literal["background", "ignore"] = Field(
        "background",
        description="unlabelled pixels are trained as one more class, background, or left out "
        "of the loss",
    )


class ModelConfig(Section):
    """The net: encoder, decoder and head."""

    encoder: Literal["unet"] = Field("unet", description="what turns the image into features")
    width: Integer = Field(
        64, ge=1, le=1024, description="channels of the first level; doubles with each level"
    )
    depth: Integer = Field(
        4, ge=1, le=6, description="how often the image is halved on the way down"
    )
    # Zeros at the edge would be a frame that the net learns.
    padding: Literal["zero", "reflect"] = Field(
        "reflect", description="what a convolution sees beyond the edge of the image"
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
    """What is paid for."""

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
        "sampled", description="of the branches as drawn, or what it is on average, without drawing"
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
        "none", description="weight of a class: 1 for each, or more for the rare ones"
    )
    class_weight_power: Number = Field(
        1.0, gt=0, le=1, description="exponent on the class weights; 0.5 is their square root"
    )


class AugmentConfig(Section):
    """Random changes of the training images, beside the crops."""

    flip: Switch = Field(True, description="mirror half of the images, left to right")
    brightness: Number = Field(
        0.0, ge=0, lt=1, description="random factor on the colours, within 1 - this and 1 + this"
    )
    contrast: Number = Field(
        0.0, ge=0, lt=1, description="the same, on the distance from the mean of the image"
    )
    saturation: Number = Field(
        0.0, ge=0, lt=1, description="the same, on the distance from the grey of each pixel"
    )


class OptimizerConfig(Section):
    """How the weights move."""

    name: Literal["adam", "adamw", "sgd"] = Field(
        "adam", description="how a step follows from the gradient"
    )
    learning_rate: Number = Field(1e-3, gt=0, description="the rate at its highest")
    schedule: Literal["constant", "polynomial", "cosine"] = Field(
        "constant", description="how the rate falls over the run; polynomial and cosine end at 0"
    )
    warmup: Number = Field(
        0.0, ge=0, lt=1, description="share of all steps in which the rate rises from 0"
    )
    power: Number = Field(0.9, gt=0, description="polynomial only: the exponent")
    weight_decay: Number = Field(
        0.0, ge=0, description="decay of the weights in a step, times the rate"
    )
    momentum: Number = Field(0.9, ge=0, lt=1, description="sgd only: share of the last step kept")
    clip_norm: Number | None = Field(
        None,
        gt=0,
        description="a gradient longer than this, over all weights, is cut to it; null: none",
    )
    average_decay: Number | None = Field(
        None,
        gt=0,
        lt=1,
        description="decay of a running mean of the weights, which is then used; null: no mean",
    )


class Stage(Section):
    """One stage of the crop curriculum."""

    crop_scale: Number = Field(gt=0, le=1, description="side of the crop over side of the image")
    epochs: Integer = Field(ge=1, description="passes over the training images")


class TrainConfig(Section):
    """How long, how fast, what is saved."""

    batch_size: Integer = Field(
        2, ge=1, description="images in a step, all replicas taken together"
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
    minutes: Number | None = Field(
        None,
        gt=0,
        description="time budget: the epochs become shares of so many minutes; null: none",
    )
    steps: Integer | None = Field(
        None, ge=1, description="the same for a number of steps, which takes no clock; null: none"
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
        None, ge=1, description="MiB to take of each GPU used; null: as much as is needed"
    )
    save_every: Integer = Field(
        200, ge=1, description="steps between two saved states, to continue from"
    )
    validate_every: Integer = Field(1, ge=1, description="epochs between two validations")
    init_from: AnyPath | None = Field(
        None, description="start from these weights: a run directory or a .keras file"
    )
    panels: Integer = Field(8, ge=0, description="validation images drawn into panels/")


class ServingConfig(Section):
    """What an exported model takes."""

    max_pixels: Integer = Field(
        4096 * 8192, ge=1, description="largest encoded image that is decoded, height x width"
    )
    tile: Integer = Field(
        2048, ge=256, description="pixels a side from which an image is computed in tiles"
    )


class Config(Section):
    """The run itself."""

    name: Annotated[Text, Allowed("letters, digits and . _ -, at most 100 of them")] = Field(
        "streets",
        pattern=r"^\.*[A-Za-z0-9_-][A-Za-z0-9._-]*$",  # not `.` and not `..`: it names a folder
        max_length=100,
        description="name of the run",
    )
    run_dir: AnyPath | None = Field(
        None, description="the directory of the run itself; null: runs/<name>"
    )
    seed: Integer = Field(
        0, ge=0, le=MAX_SEED, description="seed of weights, order, crops, colours and dropout"
    )
    data: DataConfig = DataConfig()
    labels: LabelsConfig = LabelsConfig()
    model: ModelConfig = ModelConfig()
    loss: LossConfig = LossConfig()
    augment: AugmentConfig = AugmentConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    train: TrainConfig = TrainConfig()
    serving: ServingConfig = ServingConfig()

    @property
    def run_path(self) -> Path:
        """The run directory: `run_dir`, or runs/<name>."""
        return Path("runs") / self.name if self.run_dir is None else Path(self.run_dir)
