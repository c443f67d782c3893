from pathlib import Path

import pytest

from kerasseg.errors import UserError
from kerasseg.inference.image_search import find_images, find_unused


@pytest.fixture(autouse=True)
def tree(tmp_path, monkeypatch):
    """Empty files: nothing here looks into them."""
    for name in (
        "a/2.png", "a/1.JPG", "a/notes.txt", "a/deep/3.tiff", "a/.hidden.png", "b/4.webp",
        "c/x.jpg", "c/x_labels.png", "c/x_overlay.png", "c/y_labels.png", "c/z_labels.jpg",
        "a[1].png", "a1.png", "text.txt",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)


def found(*given, out="out"):
    return [str(path) for path in find_images(given, out=Path(out))]


def test_a_folder_is_searched_to_its_depths_in_order():
    assert found("a") == ["a/1.JPG", "a/2.png", "a/deep/3.tiff"]


def test_a_named_file_is_taken_whatever_it_is_called():
    assert found("text.txt", "a/.hidden.png", "c/x_labels.png") == [
        "text.txt", "a/.hidden.png", "c/x_labels.png",
    ]  # fmt: skip


def test_patterns_match_files_and_folders():
    assert found("a/*.png") == ["a/2.png"]
    assert found("**/*.p*g") == ["a/2.png", "a1.png", "a[1].png", "c/x_labels.png",
                                 "c/x_overlay.png", "c/y_labels.png"]  # fmt: skip
    assert found("[ab]") == ["a/1.JPG", "a/2.png", "a/deep/3.tiff", "b/4.webp"]


def test_a_file_whose_name_looks_like_a_pattern():
    assert found("a[1].png") == ["a[1].png"]


def test_each_image_once_in_the_order_given():
    assert found("b", "a/2.png", "a", "b/4.webp") == [
        "b/4.webp", "a/2.png", "a/1.JPG", "a/deep/3.tiff",
    ]  # fmt: skip


def test_results_beside_their_image_are_passed_over():
    assert found("c") == ["c/x.jpg", "c/y_labels.png", "c/z_labels.jpg"]


def test_what_lies_below_the_target_is_passed_over():
    assert found("a", out="a/deep") == ["a/1.JPG", "a/2.png"]
    assert found("a/deep", out="a/deep") == ["a/deep/3.tiff"]
    assert found("a", out="a") == ["a/1.JPG", "a/2.png", "a/deep/3.tiff"]


def unused(*given, out="out"):
    return [str(path) for path in find_unused(given, out=Path(out))]


def test_visible_files_of_other_kinds_are_found_in_folders_alone():
    for name in ("a/deep/4.heic", "a/deep/.DS_Store", "a/.git/config", "b/5.GIF"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert unused("a", "a/deep", "b") == ["a/deep/4.heic", "a/notes.txt", "b/5.GIF"]
    assert unused("[ab]", out="a/deep") == ["a/notes.txt", "b/5.GIF"]
    assert unused("a", "a/notes.txt") == ["a/deep/4.heic"]  # named itself, it is to be read
    assert unused("c") == unused("text.txt") == []  # results are what they are


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none.png", "none.png: no such file or directory"),
        ("*.gif", r"\*.gif: matches nothing"),
        ("empty", r"empty: no image there \(.png .jpg"),
    ],
)
def test_nothing_found(given, message):
    with pytest.raises(UserError, match=f"^{message}"):
        found("a", given)
