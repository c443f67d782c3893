"""Settings: their schema, how they are read and written, and what is said of a wrong one."""

from kerasseg.config.load import differing_settings, dump_config, load_config
from kerasseg.config.schema import (
    AugmentConfig,
    Config,
    DataConfig,
    LabelsConfig,
    LossConfig,
    ModelConfig,
    OptimizerConfig,
    Stage,
    TrainConfig,
)

__all__ = [
    "AugmentConfig",
    "Config",
    "DataConfig",
    "LabelsConfig",
    "LossConfig",
    "ModelConfig",
    "OptimizerConfig",
    "Stage",
    "TrainConfig",
    "differing_settings",
    "dump_config",
    "load_config",
]
