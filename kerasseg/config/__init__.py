"""Settings: their schema, how they are read and written, and what is said of a wrong one."""

from kerasseg.config.data_settings import AugmentConfig, DataConfig, LabelsConfig
from kerasseg.config.load import differing_settings, dump_config, load_config
from kerasseg.config.net_settings import LossConfig, ModelConfig
from kerasseg.config.schema import Config
from kerasseg.config.training_settings import OptimizerConfig, Stage, TrainConfig

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
