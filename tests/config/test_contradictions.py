"""Settings that are allowed by themselves, but not together."""

import pytest

from kerasseg.config import load_config
from kerasseg.errors import UserError


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["model.encoder=resnet50", "model.width=32"], ["model.width: found 32", "resnet50"]),
        (["model.encoder=resnet50", "model.depth=3"], ["model.depth: found 3", "resnet50"]),
        (["model.encoder_weights=imagenet"], ["model.encoder_weights: found ", "unet"]),
        (
            ["loss.auxiliary=0.4", "model.depth=3"],
            ["loss.auxiliary: found 0.4", "=16 and model.depth=3", "with model.auxiliary_stride=8"],
        ),
        (
            ["loss.auxiliary=0.4", "model.auxiliary_stride=8", "model.depth=2"],
            ["loss.auxiliary: found 0.4", "=8 and model.depth=2", "a model.depth of 3 or more"],
        ),
        (["train.steps=5", "train.minutes=5"], ["train.steps: found 5", "train.minutes"]),
        (
            ["train.batch_size=8", "train.accumulate=3"],
            ["train.accumulate: found 3", "train.batch_size=8", "divides"],
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, words):
    with pytest.raises(UserError) as caught:
        load_config(None, settings)
    assert str(caught.value).startswith("command line: ")
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        ["model.depth=3"],  # off
        ["loss.auxiliary=0.4"],
        ["loss.auxiliary=0.4", "model.depth=3", "model.auxiliary_stride=8"],
        ["loss.auxiliary=0.4", "model.encoder=convnext_tiny"],
    ],
    ids=str,
)
def test_an_auxiliary_head_goes_where_the_encoder_has_its_stride(settings):
    assert load_config(None, settings)


@pytest.mark.parametrize("found", ["4", "8.0", "eight", "true"])
def test_another_stride_is_refused(found):
    with pytest.raises(UserError, match=r"model\.auxiliary_stride.*8 \| 16"):
        load_config(None, [f"model.auxiliary_stride={found}"])
