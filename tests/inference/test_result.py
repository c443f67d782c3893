import dataclasses

import numpy as np
import pytest
from PIL import Image

from kerasseg.drawing.overlay import overlay
from kerasseg.errors import UserError
from kerasseg.inference.result import Prediction
from kerasseg.labels import VOID, camvid_labels, cityscapes_labels

LABELS = cityscapes_labels(void="background")


def prediction(height=40, width=60, *, label_set=LABELS, **changes):
    """Classes in stripes, uncertainty that grows to the right from 0 to 1."""
    columns = np.arange(width)
    labels = np.repeat((columns % label_set.num_outputs).astype(np.uint8)[None], height, axis=0)
    grows = np.linspace(0, 1, width, dtype=np.float32)[None].repeat(height, axis=0)
    parts = {
        "labels": labels,
        "confidence": np.full((height, width), 0.5, np.float32),
        "uncertainty": grows,
        "label_set": label_set,
    }
    return Prediction(**{**parts, **changes})


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        prediction().labels = None


@pytest.mark.parametrize("label_set", [LABELS, camvid_labels(void="ignore")], ids=["19", "255"])
def test_what_is_none_of_the_classes_is_unlabelled(label_set):
    void = VOID if label_set.background_id is None else label_set.background_id
    labels = np.array([[0, void, label_set.num_classes - 1]], np.uint8)
    found = prediction(1, 3, label_set=label_set, labels=labels)
    np.testing.assert_array_equal(found.unlabelled, [[False, True, False]])
    assert found.label_ids()[0, 1] == label_set.void_ids[0]


def test_the_uncertainty_of_an_image_is_the_mean_of_its_pixels():
    values = np.array([[0.25, 0.5], [0.75, 1.0]], np.float32)
    found = prediction(2, 2, uncertainty=values, labels=np.zeros((2, 2), np.uint8))
    assert found.image_uncertainty == 0.625


@pytest.mark.parametrize("size", [(40, 60), (300, 500), (1, 1), (700, 2)])
def test_the_overlay_is_the_image_under_its_colours_and_a_legend(size):
    found = prediction(*size)
    image = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    picture = np.asarray(found.overlay(image, alpha=0.3))
    expected = overlay(image, LABELS.colorize(found.labels), alpha=0.3)
    shown = picture[: size[0], : size[1]]
    np.testing.assert_array_equal(shown[~found.unlabelled], expected[~found.unlabelled])
    hatched = shown[found.unlabelled]
    white = (hatched == 255).all(axis=-1)
    np.testing.assert_array_equal(hatched[~white], expected[found.unlabelled][~white])
    assert size[1] < 60 or 0.1 < white.mean() < 0.4
    legend = picture[size[0] :].reshape(-1, 3)
    for color in (*LABELS.palette, LABELS.void_color):
        assert (legend == color).all(axis=-1).sum() >= 60
    assert (picture[-1] == 255).all()


def test_the_overlay_of_another_image_is_refused():
    with pytest.raises(UserError, match=r"found uint8 \(60, 40, 3\), allowed: uint8 \(40, 60, 3\)"):
        prediction().overlay(np.zeros((60, 40, 3), np.uint8))
    with pytest.raises(UserError, match="found float64"):
        prediction().overlay(np.zeros((40, 60, 3)))


@pytest.mark.parametrize("size", [(40, 60), (200, 900), (1, 1)])
def test_the_heat_map_runs_from_dark_to_light_and_has_a_bar(size):
    picture = np.asarray(prediction(*size).uncertainty_map()).astype(int)
    heat, bar = picture[: size[0], : size[1]], picture[size[0] :]
    assert (np.diff(heat[0, ::7].sum(axis=-1)) >= 0).all()
    if size[1] > 1:
        assert tuple(heat[0, 0]) == (10, 8, 30)
        assert tuple(heat[0, -1]) == (252, 255, 190)
    assert picture.shape[1] == max(size[1], 360)
    painted = (bar != 255).any(axis=-1)
    row = np.argmax(painted.sum(axis=1))
    shades = bar[row][painted[row]]
    assert len(shades) > 0.9 * picture.shape[1]
    assert (np.diff(shades[::10].sum(axis=-1)) > 0).all()


def test_the_bar_marks_the_threshold():
    bars = [
        np.asarray(prediction(unlabelled_above=above).uncertainty_map())[40:].astype(int)
        for above in (None, 0.25, 0.75)
    ]
    ramps = [np.flatnonzero((bars[0][:14] != bar[:14]).any(axis=(0, 2))) for bar in bars[1:]]
    for above, columns in zip((0.25, 0.75), ramps, strict=True):
        assert len(columns) <= 6
        assert columns.mean() / 360 == pytest.approx(above, abs=0.03)
    assert (bars[1][14:] != bars[2][14:]).any()  # the caption has the number


def test_save(tmp_path):
    found = prediction()
    folder = tmp_path / "a" / "b"
    image = np.full((40, 60, 3), 200, np.uint8)
    paths = found.save(folder, "one", image=image)
    names = ["one_labels.png", "one_overlay.png", "one_uncertainty.png"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in folder.iterdir()) == names
    with Image.open(paths[0]) as file:
        assert (file.format, file.mode) == ("PNG", "L")
        ids = np.asarray(file)
    np.testing.assert_array_equal(LABELS.table[ids[:, :19]], found.labels[:, :19])
    assert (ids[found.labels == LABELS.background_id] == 0).all()
    for path, picture in ((paths[1], found.overlay(image)), (paths[2], found.uncertainty_map())):
        with Image.open(path) as file:
            np.testing.assert_array_equal(np.asarray(file), np.asarray(picture))
    assert [p.name for p in found.save(folder, "two")] == ["two_labels.png", "two_uncertainty.png"]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"one_labels\.png: cannot be written"):
        prediction().save(tmp_path / "file", "one")
    (tmp_path / "one_uncertainty.png").mkdir()
    with pytest.raises(UserError, match=r"one_uncertainty\.png: cannot be written"):
        prediction().save(tmp_path, "one")
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"file", "one_uncertainty.png", "one_labels.png"}
