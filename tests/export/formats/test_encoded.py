"""Bytes to pixels inside the graph, against Pillow; and what is no image."""

import io
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasseg.export.formats.encoded import decode_image, encode_labels, encode_uncertainty

MAX_PIXELS = 5000


def pixels(height=20, width=30, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def as_bytes(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def decode():
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def function(data):
        return decode_image(data, max_pixels=MAX_PIXELS)

    return lambda data: function(tf.constant(data)).numpy()


def test_png_of_each_kind_becomes_rgb(decode):
    rgb = pixels()
    image = Image.fromarray(rgb)
    np.testing.assert_array_equal(decode(as_bytes(image)), rgb)
    gray = image.convert("L")
    np.testing.assert_array_equal(decode(as_bytes(gray)), np.asarray(gray.convert("RGB")))
    palette = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    np.testing.assert_array_equal(decode(as_bytes(palette)), np.asarray(palette.convert("RGB")))
    alpha = image.copy()
    alpha.putalpha(gray)
    np.testing.assert_array_equal(decode(as_bytes(alpha)), rgb)
    deep = Image.fromarray(rgb[..., 0].astype(np.uint16) * 256 + 7)
    np.testing.assert_array_equal(decode(as_bytes(deep))[..., 1], rgb[..., 0])


def test_jpeg_in_colour_and_gray(decode):
    smooth = Image.fromarray(pixels(4, 6)).resize((60, 40), Image.Resampling.BICUBIC)
    for image in (smooth, smooth.convert("L")):
        data = as_bytes(image, "JPEG", quality=90)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        assert np.abs(decode(data).astype(int) - expected).max() <= 3  # two inverse DCTs


def test_an_animation_gives_its_still_image(decode):
    first, second = (Image.fromarray(pixels(seed=i)) for i in (0, 1))
    data = as_bytes(first, save_all=True, append_images=[second])
    np.testing.assert_array_equal(decode(data), pixels(seed=0))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "neither PNG nor JPEG"),
        (b"GIF89a" + bytes(40), "neither PNG nor JPEG"),
        (as_bytes(Image.fromarray(pixels()))[:20], "ends in its header"),
        (as_bytes(Image.fromarray(pixels()))[:200], "Invalid PNG"),
        (b"\xff\xd8\xff\xe0" + bytes(30), "Invalid JPEG"),
        (as_bytes(Image.fromarray(pixels(80, 80))), "serving.max_pixels=5000"),
        (as_bytes(Image.fromarray(pixels(80, 80)), "JPEG"), "serving.max_pixels=5000"),
    ],
)
def test_what_is_refused_says_why(decode, data, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode(data)


def png_header(width, height):
    body = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    chunk = (13).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + chunk


@pytest.mark.parametrize("size", [(65535, 65535), (1 << 31, 2), (0, 5), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_a_bomb_is_refused_by_its_header(decode, size):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"serving\.max_pixels|impossible size"
    ):
        decode(png_header(*size) + bytes(100))


def test_spoilt_bytes_are_answered_with_an_error_or_an_image(decode):
    rng = np.random.default_rng(3)
    smooth = Image.fromarray(pixels(3, 4)).resize((40, 30))
    sources = [as_bytes(smooth), as_bytes(smooth, "JPEG"), as_bytes(smooth.convert("P")), b""]
    outcomes = {"image": 0, "error": 0}
    for i in range(500):
        data = bytearray(sources[i % 4] or rng.bytes(int(rng.integers(1, 300))))
        for _ in range(int(rng.integers(1, 6))):
            data[rng.integers(len(data))] = rng.integers(256)
        if rng.random() < 0.3:
            del data[rng.integers(len(data)) :]
        try:
            image = decode(bytes(data))
            assert image.dtype == np.uint8
            assert image.shape[0] * image.shape[1] <= MAX_PIXELS
            assert image.shape[2] == 3
            outcomes["image"] += 1
        except tf.errors.InvalidArgumentError:
            outcomes["error"] += 1
    assert min(outcomes.values()) > 20, outcomes


def test_answers_are_pngs_that_pillow_reads():
    labels = np.random.default_rng(0).integers(0, 20, (7, 9)).astype(np.uint8)
    found = Image.open(io.BytesIO(encode_labels(tf.constant(labels)).numpy()))
    assert found.mode == "L"
    np.testing.assert_array_equal(np.asarray(found), labels)
    values = np.array([[0.0, 0.5, 0.999, 1.0]], np.float32)
    data = encode_uncertainty(tf.constant(values)).numpy()
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), [[0, 128, 255, 255]])
