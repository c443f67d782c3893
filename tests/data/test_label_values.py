"""Values of labels that do not fit what the file of classes says of them."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from kerasseg.errors import UserError
from kerasseg.labels import LabelSet
from tests.data.noise_samples import CAMVID, COLORS, H, W, make_samples, run, save_label

OWN = LabelSet.from_json(CAMVID.to_json() | {"dataset": "folders"})


def test_a_palette_that_shows_another_class_is_refused(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    ids = np.full((H, W), 3, np.uint8)
    ids[0] = 7
    label = Image.fromarray(ids)
    colors = np.zeros((256, 3), np.uint8)
    colors[: OWN.num_classes] = OWN.palette
    label.putpalette(colors.tobytes())
    label.save(sample.label)
    assert len(run([sample], tmp_path, OWN)) == 1

    colors[[3, 8]] = OWN.palette[8], OWN.palette[3]
    label.putpalette(colors.tobytes())
    label.save(sample.label)
    with pytest.raises(UserError) as caught:
        run([sample], tmp_path, OWN)
    assert str(caught.value) == (
        f"{sample.label}: id 3 is Road, but the palette gives it the colour of Car, [64, 0, 128]; "
        "if colours are meant, set `labels: colors` in the file of classes, else correct the "
        "colours there or the palette"
    )
    ids[...] = 11  # void, in the colour of a class
    colors[11] = OWN.palette[0]
    label = Image.fromarray(ids)
    label.putpalette(colors.tobytes())
    label.save(sample.label)
    with pytest.raises(UserError, match=r"id 11 is Unlabelled, but .* colour of Sky"):
        run([sample], tmp_path, OWN)


def test_ids_in_three_equal_channels_get_a_hint(tmp_path):
    samples = make_samples(tmp_path / "data", 7)
    hint = "; its channels are equal and look like ids: save one of them as a gray PNG"
    for sample in samples:
        save_label(sample, np.repeat(np.asarray(Image.open(sample.label))[..., None], 3, axis=-1))
    with pytest.raises(UserError) as caught:
        run(samples, tmp_path, OWN)
    *shown, more = str(caught.value).splitlines()
    assert all(line.endswith(hint) for line in shown)
    assert (len(shown), more) == (5, "and 2 more")
    with pytest.raises(UserError, match="unknown colours") as caught:
        run(samples[:1], tmp_path, replace(COLORS, id_to_train={i: i % 2 for i in range(12)}))
    assert str(caught.value).endswith(hint)
    save_label(samples[0], np.full((H, W, 3), 99))
    with pytest.raises(UserError, match=r"in the file of classes$"):
        run(samples[:1], tmp_path, OWN)


def mask_labels(high):
    """Two classes: background, 0, and thing."""
    two = {"names": ["background", "thing"], "palette": [[0, 0, 0], [1, 1, 1]], "ids": [0, high]}
    return LabelSet.from_json(
        OWN.to_json() | two | {"id_to_train": {"0": 0, str(high): 1}, "void_declared": False}
        | {"void_ids": [254]}
    )  # fmt: skip


def test_masks_of_0_and_255(tmp_path):
    (sample,) = make_samples(tmp_path / "data")
    mask = np.zeros((H, W), np.uint8)
    mask[:3] = 255
    save_label(sample, mask)
    (facts,) = run([sample], tmp_path, mask_labels(255))
    assert facts.pixels == ((H - 3) * W, 3 * W, 0)
    with pytest.raises(UserError, match=r"`void: \{id: 255\}` .*, if it is thing, write `id: 255`"):
        run([sample], tmp_path, mask_labels(1))
    mask[3, :9] = np.arange(1, 10)
    save_label(sample, mask)
    with pytest.raises(UserError, match=r"allowed: 0, 255; a mask whose edges were smoothed"):
        run([sample], tmp_path, mask_labels(255))
