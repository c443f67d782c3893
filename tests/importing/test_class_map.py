import re
from pathlib import Path

import pytest

from kerasseg.errors import UserError
from kerasseg.importing.class_map import plan_classes, read_class_map, voc_color
from kerasseg.importing.source import SourceClass
from kerasseg.labels import VOID

CLASSES = [
    SourceClass("background"),
    SourceClass("car", (0, 0, 142)),
    SourceClass("truck", (0, 0, 142)),
    SourceClass("logo"),
    SourceClass("ego", void=True),
]


def test_without_a_mapping_every_class_stays():
    plan = plan_classes(CLASSES, {})
    assert plan.names == ("background", "car", "truck", "logo")
    assert plan.ids == {"background": 0, "car": 1, "truck": 2, "logo": 3, "ego": VOID}
    # The second of one colour and those without get the first free ones of Pascal VOC.
    assert plan.colors == ((0, 0, 0), (0, 0, 142), (128, 0, 0), (0, 128, 0))


def test_classes_are_merged_dropped_and_made_void():
    mapping = {"car": "vehicle", "truck": "vehicle", "logo": None, "background": "void"}
    plan = plan_classes(CLASSES, mapping)
    assert (plan.names, plan.colors) == (("vehicle",), ((0, 0, 142),))
    assert plan.ids == {"background": VOID, "car": 0, "truck": 0, "logo": None, "ego": VOID}


def test_a_star_means_all_others_that_were_drawn():
    plan = plan_classes(CLASSES, {"car": "car", "*": "void"})
    assert plan.names == ("background", "car")
    assert plan.ids["truck"] == plan.ids["logo"] == VOID
    assert plan_classes(CLASSES, {"*": None}).ids["truck"] is None
    assert plan_classes(CLASSES, {"ego": "own car"}).ids["ego"] == 4


def test_the_colours_are_those_of_pascal_voc():
    assert [voc_color(i) for i in (0, 1, 2, 15, 255)] == [
        (0, 0, 0),
        (128, 0, 0),
        (0, 128, 0),
        (192, 128, 128),
        (224, 224, 192),
    ]
    assert len({voc_color(i) for i in range(256)}) == 256


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- car\n", r'map.yaml: found \["car"\], expected lines such as'),
        ("", "map.yaml: found null"),
        ("car: [a]\n", r'map.yaml:1: "car" becomes \["a"\], expected the name of a class'),
        ("car: a\n3: b\n", "map.yaml:2: 3 is no text; put it in quotes"),
        ("car: a\ncar: b\n", "map.yaml:2: car: given twice"),
        ("car: {", "map.yaml:1:7: not valid YAML"),
    ],
)
def test_a_mapping_that_is_none(tmp_path, text, message):
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        read_class_map(tmp_path / "map.yaml")


def test_the_file_of_the_documentation_can_be_read(tmp_path):
    page = Path(__file__).resolve().parents[2] / "docs" / "own_data.md"
    (example,) = re.findall(r"^```yaml\n(# map.yaml.*?)^```$", page.read_text(), re.M | re.S)
    (tmp_path / "map.yaml").write_text(example)
    mapping = read_class_map(tmp_path / "map.yaml")
    expected = {"car": "vehicle", "truck": "vehicle", "ego vehicle": "void", "watermark": None}
    assert mapping == {**expected, "*": "void"}


def test_a_class_that_the_source_does_not_have(tmp_path):
    (tmp_path / "map.yaml").write_text("cra: vehicle\n")
    mapping = read_class_map(tmp_path / "map.yaml")
    with pytest.raises(UserError, match=r'map.yaml: "cra" is no class of the source.*car'):
        plan_classes(CLASSES, mapping, where=tmp_path / "map.yaml")


def test_more_classes_than_a_label_holds():
    with pytest.raises(UserError, match="254 classes, allowed are 253; merge or drop some"):
        plan_classes([SourceClass(f"c{i}") for i in range(254)], {})
