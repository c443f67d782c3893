"""Every setting of a run: type, range, default, meaning. The only place that knows a default.

The sections are in the modules `*_settings` beside this one. The models are frozen and hashable,
refuse unknown keys, take no `true` for a number, no `1.0` for an integer, no infinity and no NaN.
`kerasseg.config` reads and writes them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from kerasseg.config.data_settings import AugmentConfig, DataConfig, LabelsConfig
from kerasseg.config.net_settings import LossConfig, ModelConfig
from kerasseg.config.setting_types import (
    MAX_SEED,
    Allowed,
    AnyPath,
    Integer,
    Number,
    Section,
    Text,
)
from kerasseg.config.training_settings import OptimizerConfig, TrainConfig


class ServingConfig(Section):
    """What an exported model takes."""

    scale: Number | None = Field(
        None,
        ge=0.01,
        le=16,
        description="working pixels per pixel of every image, in training and serving; null: by "
        "the size of the image, so that it gets the labels of its copy at any other resolution",
    )
    max_pixels: Integer = Field(
        4096 * 8192, ge=1, description="largest encoded image that is decoded, height x width"
    )
    tile: Integer = Field(
        2048,
        ge=256,
        description="pixels a side from which an image is computed in tiles, with serving.scale",
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
    def void(self) -> Literal["background", "ignore", "pasted"]:
        """`LabelSet.void`: with void left out, pasted things have an output of their own."""
        if self.labels.void == "ignore" and self.augment.unknown:
            return "pasted"
        return self.labels.void

    @property
    def run_path(self) -> Path:
        """The run directory: `run_dir`, or runs/<name>."""
        return Path("runs") / self.name if self.run_dir is None else Path(self.run_dir)
