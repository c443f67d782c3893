"""The list of settings that `--help` prints."""

import pytest

from kerasseg.config import Config, load_config
from kerasseg.config.help_text import settings_help
from kerasseg.config.words import SETTINGS, allowed_text


@pytest.mark.parametrize("width", [20, 60, 80, 100])
def test_the_help_names_every_setting_and_fits(width):
    text = settings_help(width)
    assert max(map(len, text.splitlines())) <= max(width, 80)
    assert text.isascii()
    flat = " ".join(text.split())
    for name, field in SETTINGS.items():
        assert f" {name}=" in flat
        assert allowed_text(field) in flat
        assert field.description in flat


def test_the_help_shows_the_defaults_as_they_are_typed():
    lines = settings_help(200).splitlines()
    shown = [line.strip().partition("  ")[0] for line in lines if line.startswith("  ")]
    shown = [text for text in shown if text.partition("=")[0] in SETTINGS]
    assert len(shown) == len(SETTINGS)
    changed = [f"{name}={value}" for name, value in (("seed", 1), ("train.stages", "[]"))]
    assert load_config(None, changed + shown) == Config()
