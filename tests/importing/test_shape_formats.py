"""Formats of shapes: order, holes and kinds, by counts worked out by hand."""

import base64
import io
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.importing import FORMATS
from tests.importing.drawn import counts_of, names_of
from tests.importing.made_exports import EXPORTS, HEIGHT, WIDTH, photo, text

SIZE = {"height": HEIGHT, "width": WIDTH}


def supervisely(root, *objects, tags=(), size=SIZE):
    text(root / "meta.json", {"classes": [{"title": "road"}, {"title": "car", "color": "#00ff00"}]})
    photo(root / "ds0" / "img" / "a.jpg")
    text(root / "ds0" / "ann" / "a.jpg.json", {"size": size, "objects": objects, "tags": tags})
    return FORMATS["supervisely"](root)


def sly(title, kind, exterior=(), interior=(), **more):
    points = {"exterior": exterior, "interior": interior}
    return {"classTitle": title, "geometryType": kind, "points": points, **more}


def test_supervisely_draws_holes_and_later_over_earlier(tmp_path):
    outer, hole = [[0, 0], [9, 0], [9, 6], [0, 6]], [[3, 2], [6, 2], [6, 4], [3, 4]]
    source = supervisely(
        tmp_path,
        sly("road", "polygon", outer, [hole]),
        sly("car", "rectangle", [[0, 0], [1, 1]]),
        sly("car", "line", [[11, 0], [11, 7]]),
        sly("car", "point", [[5, 5]]),
        tags=[{"name": "Val"}],
    )
    # 10 x 7 less the hole of 4 x 3, less the rectangle of 2 x 2; a line of 8.
    assert counts_of(source) == {"road": 70 - 12 - 4, "car": 4 + 8, "background": 96 - 58 - 8}
    assert source.notes == ("objects of type point, not drawn: 1",)
    assert (source.pairs[0].name, source.pairs[0].split) == ("ds0/a", "val")


@pytest.mark.parametrize("mode", ["1", "L", "RGBA", "P"])
def test_bitmaps_of_supervisely(tmp_path, mode):
    pixels = np.zeros((3, 5), np.uint8)
    pixels[0] = pixels[:, 0] = 255
    image = Image.fromarray(pixels)
    if mode == "RGBA":
        image = Image.merge("RGBA", [image.point(lambda v: 255)] * 3 + [image])
    elif mode == "P":  # index 1, transparent where 0
        image = Image.fromarray(pixels // 255)
        image.putpalette([0, 0, 0, 255, 255, 255])
    elif mode == "1":
        image = image.convert("1")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data = base64.b64encode(zlib.compress(buffer.getvalue())).decode()
    # Two columns lie beyond the right edge: of the 7 pixels, row 0 loses 2.
    bitmap = {"data": data, "origin": [WIDTH - 3, 1]}
    source = supervisely(tmp_path, sly("car", "bitmap", bitmap=bitmap))
    assert counts_of(source) == {"car": 5, "background": 91}


def test_damaged_annotations_of_supervisely(tmp_path):
    bitmap = {"data": "AAAA", "origin": [0, 0]}
    source = supervisely(tmp_path, sly("car", "bitmap", bitmap=bitmap))
    assert "a.jpg.json: not an annotation of Supervisely" in source.problems[0]
    source = supervisely(tmp_path, sly("tram", "rectangle", [[0, 0], [1, 1]]))
    assert counts_of(source) == {"void": 4, "background": 92}
    text(tmp_path / "meta.json", {"classes": [{}]})
    with pytest.raises(UserError, match=r"meta\.json: expected classes with title"):
        FORMATS["supervisely"](tmp_path)


def test_idd_paints_in_order_and_leaves_out_deleted_ones(tmp_path):
    whole = [[0, 0], [11, 0], [11, 7], [0, 7]]
    objects = [
        {"label": "sky", "polygon": whole},
        {"label": "cargroup", "polygon": [[0, 0], [2, 0], [2, 1], [0, 1]]},
        {"label": "license plate", "polygon": [[0, 0], [1, 0], [1, 1]]},
        {"label": "bus", "polygon": whole, "deleted": 1},
        {"label": "polegroup", "polygon": [[5, 0], [5, 7], [6, 7], [6, 0]]},
        {"label": "ego vehicle", "polygon": [[0, 7], [11, 7], [11, 7.4]]},
        {"label": "rickshaw stand", "polygon": [[11, 0], [11, 1], [11, 0]]},
        {"label": "car", "polygon": [[1, 1], [2, 2]]},
    ]
    made = {"imgHeight": HEIGHT, "imgWidth": WIDTH, "objects": objects}
    photo(tmp_path / "leftImg8bit" / "val" / "7" / "f_leftImg8bit.jpg")
    text(tmp_path / "gtFine" / "val" / "7" / "f_gtFine_polygons.json", made)
    source = FORMATS["idd"](tmp_path)
    expected = {"car": 6, "polegroup": 14, "void": 12, "rickshaw stand": 2}
    assert counts_of(source) == {**expected, "sky": 96 - 34}
    assert source.pairs[0].split == "val"
    names = [entry.name for entry in source.classes]
    assert (names[0], len(names)) == ("road", 35 + 1 + 4)
    made["objects"][0] = {"label": "sky"}
    text(tmp_path / "gtFine" / "val" / "7" / "f_gtFine_polygons.json", made)
    assert "not polygons as of Cityscapes" in FORMATS["idd"](tmp_path).problems[0]


def test_ultralytics_lays_small_over_large_and_draws_no_boxes(tmp_path):
    text(tmp_path / "data.yaml", "names: {0: road, 4: car}\n")
    photo(tmp_path / "train" / "images" / "a.jpg")
    whole = "0 0 0 1 0 1 1 0 1"
    corner = "4 0 0 0.25 0 0.25 0.25 0 0.25"  # to column 3 and row 2
    lines = [corner, "4 0.5 0.5 0.1 0.1", whole, "9 0.99 0 0.99 0.2 0.92 0.2"]
    text(tmp_path / "train" / "labels" / "a.txt", "\n".join(lines))
    source = FORMATS["ultralytics"](tmp_path)
    # Class 9 is not named: of a triangle that is one pixel wide, column 11, rows 0 and 1.
    assert counts_of(source) == {"car": 12, "void": 2, "road": 96 - 14}
    assert source.notes[0].startswith("boxes, not drawn: 1, such as in ")
    text(tmp_path / "train" / "labels" / "a.txt", "0 1 2 3\n")
    assert "line 1 has 3 coordinates" in FORMATS["ultralytics"](tmp_path).problems[0]
    text(tmp_path / "train" / "labels" / "a.txt", "car 1 2 3 4 5 6\n")
    assert "expected a class and x y x y" in FORMATS["ultralytics"](tmp_path).problems[0]


def cvat(root, shapes):
    photo(root / "a.jpg")
    labels = "<label><name>road</name></label><label><name>car</name></label>"
    image = f'<image name="a.jpg" width="{WIDTH}" height="{HEIGHT}">{shapes}</image>'
    head = f"<meta><task><labels>{labels}</labels></task></meta>"
    text(root / "annotations.xml", f"<annotations>{head}{image}</annotations>")
    return FORMATS["cvat_images"](root)


def test_cvat_paints_by_z_order(tmp_path):
    pytest.importorskip("pycocotools")
    source = cvat(
        tmp_path,
        '<box label="car" xtl="2" ytl="2" xbr="6" ybr="4" z_order="2"/>'
        '<polygon label="road" points="0,0;12,0;12,8;0,8" z_order="1"/>'
        '<box label="background" xtl="8" ytl="0" xbr="10" ybr="2" rotation="90" z_order="1"/>'
        '<ellipse label="car" cx="9" cy="5" rx="1" ry="1" z_order="3"/>'
        '<polyline label="car" points="0,0;9,9" z_order="9"/>',
    )
    names = names_of(source)
    assert (names[2:4, 2:6] == "car").all()
    assert (names[0:2, 8:10] == "background").all()
    assert names[5, 9] == "car"
    counts = counts_of(source)
    assert counts["background"] == 4
    assert counts["car"] - 8 in (5, 9)  # a disc of radius 1
    assert source.notes == ("shapes of type polyline, not drawn: 1",)


@pytest.mark.parametrize("name", ["coco", "cvat_images"])
def test_without_pycocotools_one_line_says_so(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "pycocotools", None)
    EXPORTS[name](tmp_path)
    with pytest.raises(UserError, match=r'need pycocotools.*pip install "kerasseg\[import\]"'):
        FORMATS[name](tmp_path)


def test_damaged_xml_of_cvat(tmp_path):
    pytest.importorskip("pycocotools")
    source = cvat(tmp_path, '<mask label="car" rle="1, 2" left="0" top="0" width="2" height="2"/>')
    assert "a mask of 3 pixels in a box of 2 x 2" in source.problems[0]
    source = cvat(tmp_path, '<polygon label="car" points="1,2;3"/>')
    assert "annotations.xml: a.jpg: not as CVAT writes it" in source.problems[0]
    (tmp_path / "annotations.xml").write_text("<annotations><image>")
    with pytest.raises(UserError, match=r"annotations\.xml: cannot be read as XML"):
        FORMATS["cvat_images"](tmp_path)


def test_a_part_of_an_image_may_lie_outside(tmp_path):
    EXPORTS["idd"](tmp_path)
    path = next(tmp_path.glob("gtFine/train/1/*0001*"))
    beyond = {"label": "car", "polygon": [[-50, -50], [500, -50], [500, 3], [-50, 3]]}
    text(path, {"imgHeight": HEIGHT, "imgWidth": WIDTH, "objects": [beyond]})
    source = FORMATS["idd"](tmp_path)
    assert counts_of(source) == {"car": 4 * WIDTH, "void": 4 * WIDTH}
    ids = {"car": 0}
    assert source.pairs[0].label.draw(ids, rest=255, size=(HEIGHT, WIDTH)).outside == 1
