"""Whatever a JSON file of an export says, it ends in a line, never in a traceback."""

import json
import random
from contextlib import suppress

import pytest

from kerasseg.errors import UserError
from kerasseg.importing import FORMATS
from kerasseg.importing.class_map import plan_classes
from tests.importing.made_exports import EXPORTS, HEIGHT, WIDTH

JUNK = [None, True, -1, 0, 3.7, 1e300, float("nan"), "", "x", "../..", [], {}, [[]], [1], 10**12]
BY_JSON = ("a2d2", "coco", "idd", "label_studio", "labelme", "mapillary", "supervisely")


def places(value, path=()):
    """The path of every value in a document."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from places(value[key], (*path, key))


def damage(document, dice):
    *path, last = dice.choice(list(places(document)))
    for key in path:
        document = document[key]
    if dice.random() < 0.25:
        del document[last]
    else:
        document[last] = dice.choice(JUNK)


@pytest.mark.parametrize("name", BY_JSON)
def test_a_value_of_another_kind(tmp_path, name):
    if name == "coco":
        pytest.importorskip("pycocotools")
    EXPORTS[name](tmp_path)
    dice = random.Random(name)
    files = sorted(tmp_path.rglob("*.json"))
    for _ in range(40):
        file = dice.choice(files)
        original = file.read_text()
        document = json.loads(original)
        damage(document, dice)
        file.write_text(json.dumps(document))
        with suppress(UserError):
            source = FORMATS[name](tmp_path)
            ids = plan_classes(source.classes, {}).ids
            for pair in source.pairs:
                pair.label.draw(ids, rest=255, size=(HEIGHT, WIDTH))
        file.write_text(original)
