"""Settings that are allowed by themselves, but not together."""

from collections.abc import Iterator

from kerasseg.config.net_settings import ModelConfig
from kerasseg.config.schema import Config
from kerasseg.config.words import Keys, inline


def contradictions(config: Config) -> Iterator[tuple[Keys, str]]:
    """Keys of each setting that contradicts another; what was found, and what is allowed."""
    train, model = config.train, config.model
    if train.minutes is not None and train.steps is not None:
        found = f"train.steps: found {train.steps} beside train.minutes"
        yield ("train", "steps"), f"{found}, allowed: one of the two"
    if train.batch_size % train.accumulate:
        found = f"train.accumulate: found {train.accumulate} beside train.batch_size="
        allowed = "allowed: a number of parts that divides the batch"
        yield ("train", "accumulate"), f"{found}{train.batch_size}, {allowed}"
    yield from of_model(model)
    weight, stride, depth = config.loss.auxiliary, model.auxiliary_stride, model.depth
    if weight and model.encoder == "unet" and stride > 2**depth:
        # Of the three it alone is sure to have been given.
        found = f"loss.auxiliary: found {weight:g} beside model.auxiliary_stride={stride}"
        allowed = "model.auxiliary_stride=8" if depth == 3 else "a model.depth of 3 or more"
        yield ("loss", "auxiliary"), f"{found} and model.depth={depth}, allowed: with {allowed}"


def of_model(model: ModelConfig) -> Iterator[tuple[Keys, str]]:
    """Like `contradictions`, within the section `model`."""
    if model.encoder != "unet":
        for name, value in (("width", model.width), ("depth", model.depth)):
            if value != ModelConfig.model_fields[name].default:
                found = f"model.{name}: found {value} beside model.encoder={model.encoder}"
                yield ("model", name), f"{found}, allowed: with model.encoder=unet alone"
    elif model.encoder_weights != "none":
        found = f"model.encoder_weights: found {inline(model.encoder_weights)}"
        allowed = "with model.encoder=unet: none; train.init_from takes weights of a whole net"
        yield ("model", "encoder_weights"), f"{found}, allowed {allowed}"
