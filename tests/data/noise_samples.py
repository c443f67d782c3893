"""A small data set of noise, and its verification."""

import numpy as np
from PIL import Image

from kerasseg.data import verify
from kerasseg.data.facts import VerifiedCache
from kerasseg.data.samples import Sample
from kerasseg.data.verify import verify_samples
from kerasseg.labels import LabelSet, camvid_labels

H, W = 24, 32
CAMVID = camvid_labels(void="background")
COLORS = LabelSet(
    dataset="folders",
    names=("a", "b"),
    palette=((1, 2, 3), (9, 9, 9)),
    ids=(0, 1),
    void_ids=(255,),
    void_name="void",
    void_color=(0, 0, 0),
    void="ignore",
    id_to_train={0: 0, 1: 1},
    drawn_as="colors",
    color_to_train={(1, 2, 3): 0, (9, 9, 9): 1, (0, 0, 0): 255},
)


def make_samples(folder, count=1, image_suffix=".png"):
    """Noise images, and labels with the ids 0 to 11."""
    folder.mkdir(exist_ok=True)
    samples = []
    for i in range(count):
        rng = np.random.default_rng(i)
        sample = Sample(f"s{i}", folder / f"s{i}{image_suffix}", folder / f"s{i}_label.png")
        Image.fromarray(rng.integers(0, 256, (H, W, 3), np.uint8)).save(sample.image)
        save_label(sample, rng.integers(0, 12, (H, W)))
        samples.append(sample)
    return samples


def save_label(sample, values, **options):
    Image.fromarray(np.asarray(values, np.uint8)).save(sample.label, **options)


def run(samples, tmp_path, label_set=CAMVID):
    """The facts of all samples, with a cache below `tmp_path`."""
    cache = VerifiedCache(tmp_path / "cache", root=tmp_path, label_set=label_set)
    return verify_samples(samples, label_set=label_set, cache=cache, workers=2)


def spy_on_decoding(monkeypatch):
    """The samples that are decoded from now on, in a list that grows."""
    seen = []
    original = verify.decode_pair

    def spy(sample, label_set):
        seen.append(sample)
        return original(sample, label_set)

    monkeypatch.setattr(verify, "decode_pair", spy)
    return seen
