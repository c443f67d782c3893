import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from kerasseg.data.image_file import read_image, read_photo, upright_bytes
from kerasseg.errors import UserError

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (5, 7, 3)).astype(np.uint8)
GRAY = RGB[..., 0]


def saved(path, image, **options):
    image.save(path, **options)
    return path


def read(path, image, **options):
    found = read_image(saved(path, image, **options))
    assert (found.dtype, found.shape) == (np.uint8, (5, 7, 3))
    return found


def test_colour_is_read_as_it_is(tmp_path):
    for name in ("a.png", "a.bmp", "a.tif", "a.ppm"):
        np.testing.assert_array_equal(read(tmp_path / name, Image.fromarray(RGB)), RGB)


def test_the_array_is_the_callers_own(tmp_path):
    read(tmp_path / "a.png", Image.fromarray(RGB))[0] = 1


def test_gray_is_repeated(tmp_path):
    expected = np.repeat(GRAY[..., None], 3, axis=-1)
    np.testing.assert_array_equal(read(tmp_path / "a.png", Image.fromarray(GRAY)), expected)
    with_alpha = Image.merge("LA", [Image.fromarray(GRAY), Image.fromarray(RGB[..., 1])])
    np.testing.assert_array_equal(read(tmp_path / "b.png", with_alpha), expected)


def test_one_bit_is_black_or_white(tmp_path):
    found = read(tmp_path / "a.png", Image.fromarray(GRAY > 99))
    np.testing.assert_array_equal(found[..., 1], np.where(GRAY > 99, 255, 0))


def test_alpha_is_dropped(tmp_path):
    alpha = Image.fromarray(np.dstack([RGB, GRAY // 2]))
    np.testing.assert_array_equal(read(tmp_path / "a.png", alpha), RGB)


def test_a_palette_is_looked_up_also_a_transparent_one(tmp_path):
    indices = (GRAY % 4).astype(np.uint8)
    colors = np.array([(1, 2, 3), (40, 50, 60), (255, 0, 9), (8, 7, 6)], np.uint8)
    image = Image.fromarray(indices)
    image.putpalette(colors.tobytes())
    assert image.mode == "P"
    for name, options in (("a", {}), ("b", {"transparency": 2}), ("c", {"transparency": b"\0\7"})):
        found = read(tmp_path / f"{name}.png", image, **options)
        np.testing.assert_array_equal(found, colors[indices])


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.pgm"])
def test_sixteen_bits_are_cut_to_the_upper_eight(tmp_path, name):
    deep = GRAY.astype(np.uint16) * 256 + 77
    found = read(tmp_path / name, Image.fromarray(deep))
    np.testing.assert_array_equal(found, np.repeat(GRAY[..., None], 3, axis=-1))


def test_numbers_beyond_sixteen_bits_are_white(tmp_path):
    wide = np.full((5, 7), 1 << 20, np.int32)
    wide[0] = -5
    found = read(tmp_path / "a.tif", Image.fromarray(wide))
    assert (found[0] == 0).all()
    assert (found[1:] == 255).all()


def test_other_colour_spaces_become_rgb(tmp_path):
    flat = Image.new("RGB", (7, 5), (200, 60, 30))
    for mode in ("CMYK", "YCbCr"):
        found = read(tmp_path / f"{mode}.tif", flat.convert(mode))
        assert np.abs(found.astype(int) - (200, 60, 30)).max() <= 3


def oriented(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return {"exif": exif}


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright_by_its_exif(tmp_path, name, orientation):
    path = saved(tmp_path / name, Image.fromarray(RGB), **oriented(orientation))
    found, told = read_photo(path)
    with Image.open(path) as file:
        expected = np.asarray(ImageOps.exif_transpose(file))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(read_image(path), expected)
    # Pillow itself turns TIFF files.
    assert told == (1 if name == "a.tif" else orientation)


def test_bytes_for_a_reader_without_exif(tmp_path):
    for name in ("a.png", "a.jpg"):
        path = saved(tmp_path / name, Image.fromarray(RGB), **oriented(6))
        with Image.open(io.BytesIO(upright_bytes(path.read_bytes()))) as file:
            np.testing.assert_array_equal(np.asarray(file), read_image(path))
            assert not file.getexif()
        plain = saved(tmp_path / f"plain-{name}", Image.fromarray(RGB)).read_bytes()
        assert upright_bytes(plain) is plain
        cut = path.read_bytes()[:-30]
        assert upright_bytes(cut) is cut
    assert upright_bytes(b"no image") == b"no image"


def test_the_first_picture_of_an_animation(tmp_path):
    frames = [Image.new("RGB", (7, 5), color) for color in ("red", "blue")]
    path = tmp_path / "a.png"
    found = read(path, frames[0], save_all=True, append_images=frames[1:])
    assert (found == (255, 0, 0)).all()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.png", b"", "not an image"),
        ("a.jpg", b"no pixels here", "not an image"),
        ("cut.png", None, "cannot be read as an image"),
    ],
)
def test_what_is_no_image(tmp_path, name, content, reason):
    path = tmp_path / name
    if content is None:
        saved(path, Image.fromarray(np.tile(RGB, (20, 20, 1))))
        content = path.read_bytes()[:300]
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_image(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: {reason}")


def test_damaged_bytes_never_raise_anything_else(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(np.tile(RGB, (9, 9, 1))))
    whole = path.read_bytes()
    refused = 0
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(3):
            data[RNG.integers(len(data))] = RNG.integers(256)
        path.write_bytes(data)
        try:
            assert read_image(path).dtype == np.uint8
        except UserError:
            refused += 1
    assert refused > 50


def test_a_missing_file_a_folder_and_too_many_pixels(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=r"none\.png: cannot be read as an image \(No such file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(UserError, match=r"cannot be read as an image \(Is a directory\)"):
        read_image(tmp_path)
    path = saved(tmp_path / "a.png", Image.fromarray(RGB))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)  # 35 pixels: between one and two limits
    assert read_image(path).shape == (5, 7, 3)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(UserError, match=r"a\.png: more than 20 pixels"):
        read_image(path)


def test_floating_point_pixels_are_refused(tmp_path):
    path = saved(tmp_path / "a.tif", Image.fromarray(GRAY.astype(np.float32)))
    with pytest.raises(UserError, match=r"a\.tif: found pixels that are floating-point"):
        read_image(path)
