"""What two splits share: by names, and by looks against a hash computed pixel by pixel."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kerasseg.data import leakage
from kerasseg.data.leakage import (
    ALIKE,
    Alike,
    SharedVideo,
    image_hash,
    look_alikes,
    shared_videos,
)
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from tests.inference.small_model import blotches


@pytest.mark.parametrize(
    ("train", "val", "found"),
    [
        (["a_1", "a_9", "b_2"], ["a_5", "c_3"], [SharedVideo("a", 2, 1, 4)]),
        (["a_1", "b_20"], ["b_21", "b_40", "a_7"],
         [SharedVideo("b", 1, 2, 1), SharedVideo("a", 1, 1, 6)]),
        (["drive_01_003", "drive_02_003"], ["drive_02_004"], [SharedVideo("drive_02", 1, 1, 1)]),
        (["a_jpg.rf.0f3e", "x7_jpg.rf.11"], ["x7_jpg.rf.99"], [SharedVideo("x", 1, 1, 0)]),
        (["001", "002"], ["003"], []),  # numbers alone name no video
        (["street", "park"], ["field"], []),
        ([], ["a_1"], []),
    ],
)  # fmt: skip
def test_videos_with_frames_in_both(train, val, found):
    assert shared_videos(train, val) == found


@settings(max_examples=30)
@given(
    ours=st.lists(st.integers(0, 999), min_size=1), theirs=st.lists(st.integers(0, 999), min_size=1)
)
def test_the_least_distance_of_numbers(ours, theirs):
    (video,) = shared_videos([f"a_{i}" for i in ours], [f"a_{i:04d}" for i in theirs])
    assert video.apart == min(abs(a - b) for a in ours for b in theirs)
    assert (video.train, video.val) == (len(ours), len(theirs))


def test_the_hash_compares_each_field_with_its_left_neighbour():
    """17 x 16 fields of 3 x 2 pixels, whose means no filter can blur."""
    fields = np.random.default_rng(0).integers(0, 256, (16, 17), dtype=np.uint8)
    image = np.repeat(np.kron(fields, np.ones((3, 2), np.uint8))[..., None], 3, axis=-1)
    bits = [int(row[i + 1] > row[i]) for row in fields.tolist() for i in range(16)]
    assert np.unpackbits(image_hash(image)).tolist() == bits


def changed(image, how):
    picture = Image.fromarray(image)
    if how == "jpeg":
        data = io.BytesIO()
        picture.save(data, "JPEG", quality=40)
        return np.asarray(Image.open(data).convert("RGB"))
    if how == "smaller":
        return np.asarray(picture.resize((71, 40), Image.Resampling.BILINEAR))
    return (image * 0.7).astype(np.uint8)


@pytest.mark.parametrize("how", ["jpeg", "smaller", "darker"])
def test_the_same_photo_in_another_file_looks_alike(tmp_path, how):
    photos = [np.roll(blotches(120, 213, seed=i), 9 * i, axis=1) for i in range(4)]
    samples = []
    for i, pixels in enumerate([*photos[:3], changed(photos[1], how), photos[3]]):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        samples.append(Sample(str(i), tmp_path / f"{i}.png", tmp_path / "none"))
    done = []
    (pair,) = look_alikes(samples[:3], samples[3:], progress=done.append)
    assert (pair.val, pair.train) == (samples[3], samples[1])
    assert pair.bits <= ALIKE
    assert done == [1, 2, 3, 4, 5]


def test_all_pairs_are_compared_in_whatever_parts(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 256, (9, 32), dtype=np.uint8)
    hashes[6:] = hashes[[2, 0, 2]]
    hashes[7, 0] ^= 0b101
    samples = [Sample(str(i), tmp_path / str(i), tmp_path) for i in range(9)]
    monkeypatch.setattr(leakage, "image_of", lambda sample: int(sample.name))
    monkeypatch.setattr(leakage, "image_hash", lambda place: hashes[place])
    for pairs in (1, 12, 1 << 20):
        monkeypatch.setattr(leakage, "_PAIRS", pairs)
        assert look_alikes(samples[:6], samples[6:]) == [
            Alike(samples[6], samples[2], 0),
            Alike(samples[8], samples[2], 0),
            Alike(samples[7], samples[0], 2),
        ]


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    sample = Sample("a", tmp_path / "a.png", tmp_path / "none")
    with pytest.raises(UserError, match=r"a\.png: cannot be read"):
        look_alikes([sample], [sample])
