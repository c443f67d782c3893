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
        (["train.steps=5", "train.minutes=5"], ["train.steps: found 5", "train.minutes"]),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, words):
    with pytest.raises(UserError) as caught:
        load_config(None, settings)
    assert str(caught.value).startswith("command line: ")
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)
