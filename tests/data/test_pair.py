"""What verification takes is what training can decode."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasseg.data.pixels import decode_image
from kerasseg.errors import UserError
from tests.data.noise_samples import H, W, make_samples, run


def lossless_jpeg(pixels):
    """A gray lossless JPEG (ISO 10918-1, annex H): differences to the left, a flat Huffman code."""

    def segment(marker, content):
        return b"\xff" + marker + (len(content) + 2).to_bytes(2) + content

    height, width = pixels.shape
    bits, before = "", 128
    for row in pixels.tolist():
        for value in row:
            difference = value - before
            size = abs(difference).bit_length()
            coded = difference if difference > 0 else difference + (1 << size) - 1
            bits += f"{size:05b}" + (f"{coded:0{size}b}" if size else "")
            before = value
        before = row[0]
    bits += "1" * (-len(bits) % 8)
    scan = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    return b"".join(
        [
            b"\xff\xd8",
            segment(b"\xc3", b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\1\1\x11\0"),
            segment(b"\xc4", b"\0" + bytes([0] * 4 + [17] + [0] * 11) + bytes(range(17))),
            segment(b"\xda", b"\1\1\0\1\0\0"),
            scan.replace(b"\xff", b"\xff\0"),
            b"\xff\xd9",
        ]
    )


def test_a_jpeg_that_training_could_not_decode_is_refused(tmp_path):
    (sample,) = make_samples(tmp_path / "data", image_suffix=".jpg")
    pixels = np.random.default_rng(0).integers(0, 256, (H, W))
    sample.image.write_bytes(lossless_jpeg(pixels))
    with Image.open(sample.image) as file:  # Pillow takes it, with its libjpeg-turbo 3
        np.testing.assert_array_equal(np.asarray(file), pixels)
    with pytest.raises(UserError, match=r"s0\.jpg: cannot be decoded \(a lossless or hierarch"):
        run([sample], tmp_path)
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode_image(sample.image.read_bytes())


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpegs_that_training_decodes(tmp_path, mode, options):
    (sample,) = make_samples(tmp_path / "data", image_suffix=".jpg")
    Image.new(mode, (W, H), 99).save(sample.image, comment=b"\xff\xc3", **options)
    assert len(run([sample], tmp_path)) == 1
    assert decode_image(sample.image.read_bytes()).shape == (H, W, 3)
