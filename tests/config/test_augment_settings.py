"""Ranges of the settings of random views."""

import pytest

from kerasseg.config import load_config
from kerasseg.errors import UserError


@pytest.mark.parametrize(
    ("setting", "good", "bad"),
    [
        ("augment.brightness", [0, 0.99], [-0.1, 1]),
        ("augment.scale", [[0.25, 4], [1, 1], "null"], [[0.2, 1], [1, 5], [2, 1], [1], 1]),
        ("augment.hue", [0, 0.5], [-0.1, 0.6]),
        ("augment.gamma", [0, 0.99], [-0.1, 1]),
        ("augment.blur", [0, 4], [-0.1, 5]),
        ("augment.jpeg", [[1, 100], [50, 50], "null"], [[0, 9], [9, 101], [9, 8], [1.5, 2]]),
    ],
)
def test_ranges(setting, good, bad):
    for value in good:
        load_config(None, [f"{setting}={value}"])
    for value in bad:
        with pytest.raises(UserError, match=rf"{setting}: found .*, allowed: "):
            load_config(None, [f"{setting}={value}"])
