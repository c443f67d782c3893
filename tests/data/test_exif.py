import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from kerasseg.data.exif import orientation_of, swaps_sides, turn_upright

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)


def stored(orientation, *, format="PNG"):
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PIXELS).save(file, format=format, exif=exif)
    return Image.open(file)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pixels_are_turned_as_pillow_turns_them(orientation):
    image = stored(orientation)
    assert orientation_of(image) == orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(turn_upright(PIXELS, orientation), expected)
    np.testing.assert_array_equal(turn_upright(PIXELS[..., 0], orientation), expected[..., 0])
    assert swaps_sides(orientation) == (expected.shape[0] != PIXELS.shape[0])


@pytest.mark.parametrize("orientation", [0, 9, 4711])
@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation, format):
    assert orientation_of(stored(orientation, format=format)) == 1


def test_damaged_exif_turns_nothing():
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, format="JPEG", exif=b"Exif\0\0XX\x2a\0\x08\0\0\0\xff\xff")
    assert orientation_of(Image.open(file)) == 1
