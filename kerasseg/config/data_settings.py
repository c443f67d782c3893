"""Settings of the input: what is read, what its labels mean, how it is changed at random."""

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
        description="folder of the disk cache and of the results of verifying the files; "
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
