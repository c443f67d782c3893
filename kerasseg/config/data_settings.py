"""Settings of the input: what is read, what its labels mean, how it is changed at random."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

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
        "of the loss; what augment.unknown pastes then has an output of its own, whose training "
        "leaves the classes alone",
    )


def _low_to_high(bounds: Any) -> Any:
    """bounds: None, or (low, high)."""
    if bounds is not None and bounds[0] > bounds[1]:
        raise ValueError("low is above high")
    return bounds


# A scale of 1/4 reads a crop of 16 times the pixels.
_ScaleBound = Annotated[Number, Field(ge=0.25, le=4)]
_JpegQuality = Annotated[Integer, Field(ge=1, le=100)]


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
    hue: Number = Field(
        0.0, ge=0, le=0.5, description="turn the colours by up to so much of a full turn"
    )
    gamma: Number = Field(
        0.0, ge=0, lt=1, description="random power of the colours, within 1 - this and 1 + this"
    )
    blur: Number = Field(
        0.0, ge=0, le=4, description="Gaussian blur, with a random sigma of up to so many pixels"
    )
    scale: Annotated[
        tuple[_ScaleBound, _ScaleBound] | None,
        Allowed("[low, high], numbers, 0.25 <= low <= high <= 4"),
        AfterValidator(_low_to_high),
    ] = Field(
        None,
        description="show each crop so many times larger, drawn log-uniformly from [low, high]; "
        "null: off",
    )
    jpeg: Annotated[
        tuple[_JpegQuality, _JpegQuality] | None,
        Allowed("[low, high], integers, 1 <= low <= high <= 100"),
        AfterValidator(_low_to_high),
    ] = Field(
        None, description="compress with a random quality from [low, high], as JPEG; null: off"
    )
    unknown: Integer = Field(
        0,
        ge=0,
        le=32,
        description="paste 0 to so many pieces of other training images, as things of no class: "
        "unlabelled",
    )
