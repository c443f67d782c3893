import errno
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasseg.data.readers.cityscapes import read_cityscapes
from kerasseg.errors import UserError
from kerasseg.streets import draw
from kerasseg.streets.draw import draw_image, draw_streets, image_stem


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("streets") / "set"
    draw_streets(root, train=3, val=4, seed=5, workers=1)
    return root


def test_the_same_seed_draws_the_same_bytes(drawn, tmp_path):
    draw_streets(tmp_path / "again", train=3, val=4, seed=5, workers=1)
    assert files(tmp_path / "again") == files(drawn)


def test_another_seed_draws_other_pictures(drawn, tmp_path):
    draw_streets(tmp_path / "other", train=1, val=0, seed=6, workers=1)
    (name, picture), *_ = (
        (name, data) for name, data in files(tmp_path / "other").items() if "leftImg8bit" in name
    )
    assert files(drawn)[name] != picture


def test_a_larger_set_begins_with_the_smaller_one(drawn, tmp_path):
    seen = []
    draw_streets(  # also through two processes
        tmp_path / "more",
        train=6,
        val=5,
        seed=5,
        workers=2,
        progress=lambda done, total: seen.append((done, total)),
    )
    small, large = files(drawn), files(tmp_path / "more")
    assert small.items() <= large.items()
    assert len(large) == 6 * 2 + 5 * 3
    assert seen == [(i, 11) for i in range(1, 12)]


def test_the_layout_is_that_of_cityscapes(drawn):
    assert {
        "leftImg8bit/train/ahornstadt/ahornstadt_000000_000000_leftImg8bit.png",
        "gtFine/train/ahornstadt/ahornstadt_000000_000000_gtFine_labelIds.png",
        "gtFine/val/kirschburg/kirschburg_000000_000003_gtFine_unknown.png",
    } <= set(files(drawn))
    assert len(files(drawn)) == 3 * 2 + 4 * 3
    assert len(read_cityscapes(drawn, "train")) == 3
    assert len(read_cityscapes(drawn, "val")) == 4


def test_files_are_pictures_of_the_promised_kind(drawn):
    for name, data in files(drawn).items():
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (512, 256), name
            assert image.mode == ("RGB" if "leftImg8bit" in name else "L"), name


def test_the_unknown_file_marks_where_the_label_is_zero(drawn):
    masks = sorted(drawn.rglob("*_gtFine_unknown.png"))
    marked = 0
    for path in masks:
        mask = np.asarray(Image.open(path))
        labels = np.asarray(Image.open(str(path).replace("unknown", "labelIds")))
        np.testing.assert_array_equal(mask, np.where(labels == 0, 255, 0))
        marked += mask.any()
    assert marked > 0, "no unknown object among the pictures of this seed: choose another"


def test_names_are_unique_and_the_splits_share_no_city():
    train = [image_stem("train", i) for i in range(1000)]
    val = [image_stem("val", i) for i in range(1000)]
    assert len(set(train)) == len(set(val)) == 1000
    assert not {s.split("/")[0] for s in train} & {s.split("/")[0] for s in val}
    assert {s.split("/")[0] for s in train[:160]} == set(draw.CITIES["train"])


def test_splits_do_not_share_pictures():
    assert not np.array_equal(draw_image(0, "train", 0)[0], draw_image(0, "val", 0)[0])


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="mine: exists already"):
        draw_streets(tmp_path / "mine", train=1, val=0, seed=0)
    assert files(tmp_path) == {"mine/letter.txt": b"dear"}


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "set").write_text("x")
    with pytest.raises(UserError, match="exists already"):
        draw_streets(tmp_path / "set", train=1, val=0, seed=0)


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "set").mkdir()
    draw_streets(tmp_path / "set", train=1, val=0, seed=0, workers=1)
    assert len(files(tmp_path / "set")) == 2


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "disk full"), UserError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch, error, raised):
    def fails_at_the_third(job, original=draw._draw_to_disk):
        if job[3] == 2:
            raise error
        original(job)

    monkeypatch.setattr(draw, "_draw_to_disk", fails_at_the_third)
    with pytest.raises(raised) as caught:
        draw_streets(tmp_path / "set", train=4, val=0, seed=0, workers=1)
    if raised is UserError:
        assert str(caught.value) == f"{tmp_path / 'set'}: cannot be drawn (disk full)"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_stops_the_processes_and_leaves_nothing_behind(tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_streets(tmp_path / "set", train=20, val=0, seed=0, workers=2, progress=stop)
    assert list(tmp_path.iterdir()) == []
