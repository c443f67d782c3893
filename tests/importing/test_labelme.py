import base64
import io

import numpy as np
import pytest
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.importing.labelme import read_labelme
from tests.importing.drawn import counts_of, names_of
from tests.importing.made_exports import EXPORTS, labelme_file, photo, text

# What LabelMe 6.3.1 itself (labelme.utils.shapes_to_label) makes of SHAPES, on 32 x 21 pixels.
DRAWN = """
............................5...
.1..........22222222222....555..
..11111111..22222222222..55555..
..1111111...22288882222.5555555.
...11111....22228222225555555555
....1111....22222282255555555555
....111.....22222222225555555555
.....1................5555555555
.......................555555555
...33.............4.....5555555.
..3333...........444...555555555
.333333.........44444.5555555555
.333333..66666.4444444.555555555
..3333..666666644444444..5555555
...33..66666666644444444..555555
....7.6666666666644444444...555.
...777666666666664444444.....5..
.7777766666666666444444.........
..77777666666666644444..........
..777.666666666664444...........
...7...6666666664444............
"""


def png64(mode, size, *values):
    image = Image.new(mode, size)
    image.putdata(values)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


MASK = png64("1", (4, 3), 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 1)
SHAPES = {
    "polygon": [[1.4, 1.6], [9.7, 2.2], [5.2, 7.9]],
    "rectangle": [[22.6, 6.4], [12.2, 1.5]],
    "circle": [[4, 12], [6.5, 12]],
    "line": [[14, 12], [20, 18]],
    "linestrip": [[24, 2], [29, 9], [25, 14]],
    "point": [[11, 17]],
    "oriented_rectangle": [[1, 17], [4, 15], [6, 18], [3, 20]],
    "mask": [[15.0, 3.0], [18.0, 5.0]],
}


def shape(label, points, kind="polygon", **more):
    return {"label": label, "points": points, "shape_type": kind, **more}


def test_every_kind_of_shape_is_drawn_as_labelme_draws_it(tmp_path):
    photo(tmp_path / "a.jpg")
    shapes = [
        shape(f"{i}", points, kind, **({"mask": MASK} if kind == "mask" else {}))
        for i, (kind, points) in enumerate(SHAPES.items(), start=1)
    ]
    made = {**labelme_file("a.jpg", shapes), "imageHeight": 21, "imageWidth": 32}
    text(tmp_path / "a.json", made)
    expected = np.array([list(row) for row in DRAWN.split()], "<U10")
    expected[expected == "."] = "background"
    np.testing.assert_array_equal(names_of(read_labelme(tmp_path)), expected)


def test_ignored_pixels_are_void_and_the_background_has_one_name(tmp_path):
    photo(tmp_path / "a.jpg")
    whole, top = [[0, 0], [11, 7]], [[0, 0], [11, 1]]
    shapes = [
        shape("__ignore__", whole, "rectangle"),
        shape("_background_", top, "rectangle"),
        shape("car", [[0, 0]], "point"),
    ]
    text(tmp_path / "a.json", labelme_file("a.jpg", shapes))
    source = read_labelme(tmp_path)
    assert [entry.name for entry in source.classes if not entry.void] == ["background", "car"]
    # A disc of radius 5 about a corner: rows of 6, 6, 6, 5, 4 and 3.
    assert counts_of(source) == {"car": 30, "background": 24 - 12, "void": 72 - 18}


def test_the_image_may_be_elsewhere_or_inside(tmp_path):
    photo(tmp_path / "photos" / "a.jpg")
    text(tmp_path / "labels" / "a.json", labelme_file("..\\photos\\a.jpg"))
    photo(tmp_path / "b.png")
    text(tmp_path / "b.json", labelme_file("renamed.png"))
    inside = labelme_file("gone.png")
    inside["imageData"] = png64("RGB", (12, 8), *[(9, 9, 9)] * 96)
    text(tmp_path / "c.json", inside)
    text(tmp_path / "d.json", {"another": "tool"})
    source = read_labelme(tmp_path)
    images = {pair.name: pair.image for pair in source.pairs}
    assert images.keys() == {"photos/a", "b", "c"}
    assert images["photos/a"] == tmp_path / "photos" / "a.jpg"
    assert images["c"].startswith(b"\x89PNG")


def test_two_annotators_of_one_image_make_one_label(tmp_path):
    photo(tmp_path / "a.jpg")
    for name, label, points in (
        ("ann", "road", [[0, 0], [11, 7]]),
        ("bob", "car", [[0, 0], [1, 1]]),
    ):
        made = labelme_file("../a.jpg", [shape(label, points, "rectangle")])
        text(tmp_path / name / "a.json", made)
    source = read_labelme(tmp_path)
    assert len(source.pairs) == 1
    assert counts_of(source) == {"road": 92, "car": 4}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (shape("car", [[0, 0]], "polygon"), "found polygon of 1 points; shapes are polygon, "),
        (shape("car", [[0, 0]], "sphere"), "found sphere of 1 points"),
        ({"points": [[0, 0]]}, "a shape without label or points"),
        (shape("car", [[0, "x"]]), "a shape without label or points"),
        (shape("car", [[0, 0], [1, 1]], "mask", mask="AAAA"), "a mask that cannot be read"),
        (shape("car", [[0, 0], [1, 1]], "mask", mask="!"), "an image inside cannot be read"),
    ],
)
def test_a_damaged_shape_is_told_and_stops_nothing_else(tmp_path, made, message):
    EXPORTS["labelme"](tmp_path)
    photo(tmp_path / "bad.jpg")
    text(tmp_path / "bad.json", labelme_file("bad.jpg", [made]))
    source = read_labelme(tmp_path)
    (problem,) = source.problems
    assert problem.startswith(f"{tmp_path / 'bad.json'}: {message}")
    assert len(source.pairs) == 3


def test_a_folder_without_labelme(tmp_path):
    photo(tmp_path / "a.jpg")
    with pytest.raises(UserError, match="found no JSON file of LabelMe's"):
        read_labelme(tmp_path)
