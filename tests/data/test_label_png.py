import io
import math
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kerasseg.data.label_png import look_up, look_up_colors, read_label, read_png_header
from kerasseg.labels import UNKNOWN, VOID

IDENTITY = np.arange(256, dtype=np.uint8)
GRAY, PALETTE = 0, 3


def png(values, *, bits, color_type):
    """A PNG straight from the specification, so that Pillow is not its own judge."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    height, width = values.shape
    rows = b""
    for row in values.tolist():
        packed = "".join(f"{value:0{bits}b}" for value in row)
        packed += "0" * (-len(packed) % 8)
        rows += b"\0" + int(packed, 2).to_bytes(len(packed) // 8, "big")
    # A palette in which no colour resembles its index.
    colors = bytes(v for i in range(min(256, 2**bits)) for v in (255 - i, i * 7 % 256, 31))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0))
        + (chunk(b"PLTE", colors) if color_type == PALETTE else b"")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def read(path, encoding="indexed", table=IDENTITY, color_table=None):
    return read_label(path, label_encoding=encoding, table=table, color_table=color_table)


@pytest.mark.parametrize("color_type", [GRAY, PALETTE])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("width", [1, 3, 8, 21])
def test_the_drawn_value_is_the_id_at_any_depth(tmp_path, bits, color_type, width):
    values = np.random.default_rng(bits).integers(0, 2**bits, (5, width))
    path = tmp_path / "label.png"
    path.write_bytes(png(values, bits=bits, color_type=color_type))
    for encoding in ("ids", "indexed"):
        label = read(path, encoding)
        assert label.dtype == np.uint8
        np.testing.assert_array_equal(label, values)


def test_16_bits_are_ids_up_to_255(tmp_path):
    values = np.array([[0, 7, 255, 256, 263, 65535]])
    path = tmp_path / "label.png"
    path.write_bytes(png(values, bits=16, color_type=GRAY))
    np.testing.assert_array_equal(read(path), [[0, 7, 255, UNKNOWN, UNKNOWN, UNKNOWN]])


def test_the_table_is_applied(tmp_path):
    table = np.full(256, UNKNOWN, np.uint8)
    table[[3, 9]] = 0, VOID
    path = tmp_path / "label.png"
    path.write_bytes(png(np.array([[3, 9, 4]]), bits=4, color_type=PALETTE))
    np.testing.assert_array_equal(read(path, table=table), [[0, VOID, UNKNOWN]])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1"])
def test_colours_of_any_kind_of_png(tmp_path, mode):
    colors = {(0, 0, 0): 4, (255, 255, 255): 2}
    white = np.random.default_rng(0).integers(0, 2, (6, 9)).astype(bool)
    picture = Image.fromarray(np.where(white, 255, 0).astype(np.uint8)).convert(mode)
    if mode == "RGBA":  # what is transparent has a colour all the same
        picture.putalpha(Image.fromarray(np.full(white.shape, 10, np.uint8)))
    picture.save(tmp_path / "label.png")
    label = read(tmp_path / "label.png", "colors", color_table=colors)
    np.testing.assert_array_equal(label, np.where(white, 2, 4))


COLOR = st.tuples(*[st.integers(0, 255)] * 3)


@given(
    st.dictionaries(COLOR, st.integers(0, 252) | st.just(VOID), min_size=1, max_size=30),
    st.lists(COLOR, max_size=10),
)
def test_colours_are_looked_up_as_in_a_dict(table, others):
    colors = [*table, *others]
    packed = np.array([r * 65536 + g * 256 + b for r, g, b in colors], np.uint32)
    expected = [table.get(color, UNKNOWN) for color in colors]
    np.testing.assert_array_equal(look_up_colors(packed, table), expected)


def test_headers():
    header = read_png_header(io.BytesIO(png(np.zeros((2, 3), int), bits=2, color_type=PALETTE)))
    assert header == (3, 2, 2, "palette")
    assert read_png_header(io.BytesIO(b"\xff\xd8" + bytes(30))) is None
    assert read_png_header(io.BytesIO(b"\x89PNG")) is None


def test_what_is_no_png_is_refused(tmp_path):
    Image.new("L", (3, 2)).save(tmp_path / "label.png", format="JPEG")
    with pytest.raises(OSError, match="not a PNG"):
        read(tmp_path / "label.png")


def test_looking_up_is_indexing():
    rng = np.random.default_rng(0)
    table, ids = (rng.integers(0, 256, shape, np.uint8) for shape in (256, (31, 17)))
    for view in (ids, ids[::2, ::3], ids.T):
        found = look_up(view, table)
        np.testing.assert_array_equal(found, table[view])
        assert found.dtype == np.uint8
        assert found.flags.writeable


@given(tolerance=st.integers(0, 60), data=st.data())
def test_the_nearest_colour_within_the_tolerance(tolerance, data):
    table = {(0, 0, 0): 0, (255, 0, 0): 1, (0, 130, 0): VOID}
    channels = st.integers(0, 255) | st.integers(0, 60)
    colors = data.draw(st.lists(st.tuples(channels, channels, channels), min_size=1, max_size=20))
    expected = [UNKNOWN] * len(colors)
    for i, color in enumerate(colors):
        distance, train_id = min((math.dist(color, key), value) for key, value in table.items())
        if distance <= tolerance:
            expected[i] = train_id
    packed = np.array([[r << 16 | g << 8 | b for r, g, b in colors]], np.uint32)
    found = look_up_colors(packed, table, tolerance=tolerance)
    assert found.tolist() == [expected]
