"""What INT8 is calibrated on: whole images, or parts of large ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kerasseg.data.working_scale import WorkingScale
from kerasseg.errors import UserError
from kerasseg.export import int8
from kerasseg.export.int8 import CALIBRATION_IMAGES, calibration_images


def write_images(folder, *, count, size):
    """Each pixel says where it is: row, column, image."""
    rows, columns = np.indices(size)
    for index in range(count):
        pixels = np.stack([rows, columns, np.full(size, index)], axis=-1).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:03d}.png")


def test_images_are_spread_over_the_folder(tmp_path):
    write_images(tmp_path, count=CALIBRATION_IMAGES + 8, size=(4, 6))
    found = calibration_images(tmp_path, scale=WorkingScale((4, 6)))
    numbers = [int(image[0, 0, 2]) for image in found]
    assert len(numbers) == CALIBRATION_IMAGES
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (0, CALIBRATION_IMAGES + 7)
    assert all(image.shape == (4, 6, 3) for image in found)


@pytest.mark.parametrize(
    ("scale", "area"),
    [
        (WorkingScale((60, 90), fixed=1.0), 1.0),
        (WorkingScale((60, 90), fixed=0.5), 0.25),
        (WorkingScale((30, 45)), 0.25),
    ],
)
def test_parts_of_large_images_cover_them(tmp_path, monkeypatch, scale, area):
    monkeypatch.setattr(int8, "CALIBRATION_PIXELS", 20 * 30 * area)
    write_images(tmp_path, count=9, size=(60, 90))
    found = calibration_images(tmp_path, scale=scale)
    assert {image.shape for image in found} == {(20, 30, 3)}
    seen = {(int(r), int(c)) for image in found for r, c in image[..., :2].reshape(-1, 2)}
    assert seen == {(r, c) for r in range(60) for c in range(90)}


@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    pixels=st.floats(1, 4000),
    turn=st.integers(0, 40),
)
def test_a_part_has_the_shape_of_the_image_and_no_more_pixels(height, width, pixels, turn):
    image = np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3)
    part = int8._part(image, pixels, turn)
    if height * width <= pixels:
        np.testing.assert_array_equal(part, image)
    else:
        # A side is never shorter than a pixel.
        assert part.shape[0] * part.shape[1] <= max(pixels, height, width)
        assert abs(part.shape[0] / height - part.shape[1] / width) <= max(1 / height, 1 / width)
    top, left = np.argwhere(image[..., 0] == part[0, 0, 0])[0]
    np.testing.assert_array_equal(
        part, image[top : top + part.shape[0], left : left + part.shape[1]]
    )


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(UserError, match="image"):
        calibration_images(tmp_path, scale=WorkingScale((4, 6)))
