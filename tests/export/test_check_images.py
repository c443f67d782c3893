"""The images that an export is checked on, as files and packed."""

import io

import numpy as np
from PIL import Image

from kerasseg.data.catalog import open_catalog
from kerasseg.export.check_images import CheckSamples
from tests.data.packed.packed_data import configure, draw_files, pack_files


def test_packed_ones_are_those_of_the_files(tmp_path):
    files = draw_files(tmp_path / "files")
    pack_files(files, tmp_path / "out", cache=tmp_path / "cache")
    one, other = (
        CheckSamples(open_catalog(configure(root, tmp_path / "cache")), count=3)
        for root in (files, tmp_path / "out")
    )
    assert len(list(one)) == len(list(other)) == 3
    for (image, label), (same_image, same_label) in zip(one, other, strict=True):
        np.testing.assert_array_equal(image, same_image)
        np.testing.assert_array_equal(label, same_label)
    pictures = [np.asarray(Image.open(io.BytesIO(s.first_file()))) for s in (one, other)]
    np.testing.assert_array_equal(pictures[0], pictures[1])
