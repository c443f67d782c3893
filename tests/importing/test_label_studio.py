import json

import numpy as np
import pytest

from kerasseg.errors import UserError
from kerasseg.importing.label_studio import decode_rle, read_label_studio
from tests.importing.drawn import counts_of
from tests.importing.made_exports import CAR_BRUSH, EXPORTS, HEIGHT, WIDTH, photo, text

# 5 x 7 pixels of noise, and what label_studio_sdk 2.1.2 (brush.mask2rle) makes of them.
NOISE = """
#...###
####.#.
#.##...
.###.##
###..##
"""
NOISE_RLE = [0, 0, 0, 140, 57, 27, 252, 127, 246, 192, 48, 223, 252, 96, 17, 255, 198, 1, 31, 252]
NOISE_RLE += [96, 19, 255, 223, 0, 183, 255, 24, 6, 19, 255, 156, 2, 127, 240]


def test_rle_is_decoded_as_the_tools_own_converter_encodes_it():
    expected = np.array([[pixel == "#" for pixel in row] for row in NOISE.split()])
    values = decode_rle(bytes(NOISE_RLE)).reshape(5, 7, 4)
    np.testing.assert_array_equal(values, np.repeat(expected[..., None], 4, -1) * 255)


def bits_to_bytes(bits):
    padded = bits + "0" * (-len(bits) % 8)
    return bytes(int(padded[i : i + 8], 2) for i in range(0, len(padded), 8))


def test_runs_of_different_values():
    # As the editor in the browser writes them: 4 values that differ, then one 3 times.
    head = f"{7:032b}{7:05b}" + "".join(f"{n - 1:04b}" for n in (3, 4, 8, 16))
    differing = "0" + "00" + f"{3:03b}" + "".join(f"{value:08b}" for value in (5, 0, 255, 128))
    repeated = "1" + "10" + f"{2:08b}" + f"{9:08b}"
    data = bits_to_bytes(head + differing + repeated)
    assert decode_rle(data).tolist() == [5, 0, 255, 128, 9, 9, 9]
    for cut in (3, 9, len(data) - 3):
        with pytest.raises(ValueError, match="cut short"):
            decode_rle(data[:cut])


def region(kind, value, **more):
    size = {"original_width": WIDTH, "original_height": HEIGHT}
    return {"type": kind, "value": {**value, kind: ["car"]}, "from_name": "x", **size, **more}


def read(tmp_path, *annotations):
    photo(tmp_path / "a.jpg")
    data = {"id": "unrelated", "image": "/data/local-files/?d=photos%2Fa.jpg"}
    text(tmp_path / "export.json", [{"id": 1, "data": data, "annotations": annotations}])
    return read_label_studio(tmp_path)


def annotation(*results, number=1, **more):
    return {"id": number, "result": results, **more}


def test_rectangles_and_ellipses_in_percent(tmp_path):
    # From column 3 to 6 and row 2 to 4, both ends drawn: 4 x 3 pixels.
    box = {"x": 25, "y": 25, "width": 25, "height": 25, "rotation": 0}
    assert counts_of(read(tmp_path, annotation(region("rectanglelabels", box)))) == (
        {"car": 12, "background": 84}
    )
    # Turned by 90 degrees clockwise about its upper left corner: columns 3 back to 1, rows 2 to 5.
    turned = {**box, "rotation": 90}
    assert counts_of(read(tmp_path, annotation(region("rectanglelabels", turned)))) == (
        {"car": 12, "background": 84}
    )
    circle = {"x": 50, "y": 50, "radiusX": 100 / WIDTH, "radiusY": 100 / HEIGHT}
    (area,) = [
        n
        for name, n in counts_of(
            read(tmp_path, annotation(region("ellipselabels", circle)))
        ).items()
        if name == "car"
    ]
    assert area in (5, 9)  # a disc of radius 1


def test_of_several_annotators_the_ground_truth_counts_else_the_last(tmp_path):
    brush = region("brushlabels", {"format": "rle", "rle": CAR_BRUSH})
    none = annotation(number=9, updated_at="2026-03-01")
    early = annotation(brush, number=3, updated_at="2026-01-01")
    source = read(tmp_path, early, none)
    assert source.pairs[0].empty
    assert source.notes == ("other annotations of a task, left out: 1",)
    assert counts_of(read(tmp_path, {**early, "ground_truth": True}, none))["car"] == 15
    assert counts_of(read(tmp_path, early, {**none, "was_cancelled": True}))["car"] == 15


def test_what_has_no_area_is_told(tmp_path):
    point = region("keypointlabels", {"x": 1, "y": 1})
    choice = {"type": "choices", "value": {"choices": ["sunny"]}}
    source = read(tmp_path, annotation(point, choice))
    assert source.notes == ("regions of type keypointlabels, not drawn: 1",)


def test_a_brush_stroke_of_another_size(tmp_path):
    source = read(tmp_path, annotation(region("brushlabels", {"rle": NOISE_RLE})))
    with pytest.raises(
        UserError, match=r"a brush stroke cannot be read \(RLE of 140 values, expected 384\)"
    ):
        counts_of(source)


def test_png_files_alone_and_json_min(tmp_path):
    (tmp_path / "task-1-annotation-1-by-1-tag-car-0.png").write_bytes(b"")
    with pytest.raises(UserError, match="found no JSON export; PNG files alone do not say which"):
        read_label_studio(tmp_path)
    text(tmp_path / "min.json", [{"image": "a.jpg", "id": 1, "annotator": 1, "tag": []}])
    with pytest.raises(UserError, match=r"min\.json: exported as JSON-MIN; export as JSON"):
        read_label_studio(tmp_path)


def test_a_damaged_task_stops_no_other(tmp_path):
    EXPORTS["label_studio"](tmp_path)
    path = tmp_path / "project-1-at-2026.json"
    tasks = json.loads(path.read_text())
    del tasks[0]["annotations"][0]["result"][0]["original_width"]
    tasks[1]["data"]["image"] = "/data/upload/1/gone.jpg"
    path.write_text(json.dumps(tasks))
    source = read_label_studio(tmp_path)
    assert [pair.name for pair in source.pairs] == ["val/town_0001"]
    assert source.no_image == ("task 1 (project-1-at-2026.json)",)
    assert "task 0: not as exported" in source.problems[0]
