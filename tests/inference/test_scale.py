"""One pass where the scale follows from the image's size; tiles where it is fixed."""

from dataclasses import replace

import numpy as np
import pytest

from kerasseg.inference.predictor import Predictor
from tests.inference.small_model import NATIVE, TILE, WORKING, describe_small


class Recorder(Predictor):
    """Notes what it is given."""

    def compute(self, images):
        shape = images.shape[:3]
        self.seen = [*getattr(self, "seen", []), shape]
        zeros = np.zeros(shape, np.float32)
        return {"labels": images[..., 0], "confidence": zeros, "uncertainty": zeros}


@pytest.mark.parametrize(("scale", "passes"), [(None, 1), (0.5, 6)])
@pytest.mark.parametrize("one_size", [True, False])
def test_tiles_of_a_large_image(scale, passes, one_size):
    predictor = Recorder(replace(describe_small(), scale=scale, one_size=one_size))
    image = np.random.default_rng(0).integers(0, 256, (TILE + 1, 2 * TILE + 1, 3)).astype(np.uint8)
    np.testing.assert_array_equal(predictor.predict(image).labels, image[..., 0])
    assert len(predictor.seen) == passes


def test_the_description_holds_the_scale_of_the_model():
    description = replace(describe_small(), scale=None)
    assert description.working_scale.image_size(*NATIVE) == WORKING
    assert description.working_scale.image_size(2 * NATIVE[0], 2 * NATIVE[1]) == WORKING
    assert replace(description, one_size=False).working_scale.native_size is None
    assert replace(description, scale=0.25).working_scale.image_size(100, 200) == (25, 50)
