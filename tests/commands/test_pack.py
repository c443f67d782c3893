"""python -m kerasseg pack: what it takes, what it says, and what training makes of it."""

import shutil

import pytest

from kerasseg.commands.main import start
from kerasseg.data.packed.format import INDEX, find_index
from kerasseg.errors import UserError
from tests.data.packed.packed_data import draw_files

CLASSES = """
classes:
  - {name: road, id: 0, color: [128, 64, 128]}
  - {name: rest, id: [1, 2, 3], color: [0, 0, 142]}
void: {id: 255}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def files(tmp_path):
    return draw_files(tmp_path / "files", sizes=((20, 30), (24, 28)))


def run(*words):
    start(["pack", *map(str, words)])


def refused(*words):
    with pytest.raises(UserError) as caught:
        run(*words)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_layout_says_what_it_is(files, tmp_path, capsys):
    run(files, tmp_path / "out")
    said = capsys.readouterr().out
    assert said == f"{tmp_path / 'out'}: 2 train, 2 val in 2 shards, 0.00 GB; use it as data.root\n"
    assert find_index(str(tmp_path / "out")).label_set.dataset == "cityscapes"


def test_settings_and_options_in_any_order(files, tmp_path):
    out = tmp_path / "out"
    run("data.max_images=1", "--splits", "val", files, "--workers", "1", out, "--shard-mb=1")
    index = find_index(str(out))
    assert [len(shard.entries) for shard in index.splits["val"]] == [1]
    assert set(index.splits) == {"val"}


def test_a_settings_file_says_what_it_is(files, tmp_path):
    settings = tmp_path / "settings.yaml"
    settings.write_text("data: {name: streets, root: elsewhere}\n")
    run(files, tmp_path / "out", "--config", settings)
    assert find_index(str(tmp_path / "out")).label_set.dataset == "streets"


def test_the_same_command_again_changes_nothing(files, tmp_path):
    run(files, tmp_path / "out")
    before = (tmp_path / "out" / INDEX).stat().st_mtime_ns
    run(files, tmp_path / "out")
    assert (tmp_path / "out" / INDEX).stat().st_mtime_ns == before


def test_folders_bring_their_classes(tmp_path):
    from kerasseg.config import load_config
    from kerasseg.data.catalog import open_catalog

    data, out = tmp_path / "mine", tmp_path / "out"
    for split in ("train", "val"):
        (data / split / "images").mkdir(parents=True)
        (data / split / "labels").mkdir()
        draw = draw_files(tmp_path / split, sizes=((9, 11),))
        image = next((draw / "leftImg8bit" / split).rglob("*.png"))
        shutil.copy(image, data / split / "images" / "a.png")
        label = next((draw / "gtFine" / split).rglob("*unknown.png"), None)
        label = label or next((draw / "gtFine" / "val").rglob("*unknown.png"))
        shutil.copy(label, data / split / "labels" / "a.png")
    (data / "labels.yaml").write_text(CLASSES)
    run(data, out)
    opened = [
        open_catalog(load_config(None, ["data.name=folders", f"data.root={root}"]))
        for root in (data, out)
    ]
    assert opened[0].label_set == opened[1].label_set
    assert opened[1].label_set.names == ("road", "rest")
    (tmp_path / "other.yaml").write_text(CLASSES.replace("rest", "others"))
    with pytest.raises(UserError, match="packed with other labels"):
        open_catalog(
            load_config(
                None,
                [
                    "data.name=folders",
                    f"data.root={out}",
                    f"data.labels_file={tmp_path / 'other.yaml'}",
                ],
            )
        )


def test_what_is_no_data_set_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    out = tmp_path / "out"
    assert "expected a data set" in refused(tmp_path / "empty", out)
    assert refused(tmp_path / "missing", out).startswith(f"{tmp_path / 'missing'}: not found")
    assert refused(tmp_path / "file", out).startswith(f"{tmp_path / 'file'}: is a file")
    assert "holds no leftImg8bit" in refused(tmp_path / "empty", out, "data.name=cityscapes")
    assert not out.exists()


def test_streets_that_are_not_there_are_not_drawn(tmp_path):
    message = refused(tmp_path / "none", tmp_path / "out", "data.name=streets")
    assert message.startswith(f"{tmp_path / 'none'}: not found")
    assert not (tmp_path / "none").exists()


def test_packed_data_is_not_packed_again(files, tmp_path):
    run(files, tmp_path / "out")
    assert refused(tmp_path / "out", tmp_path / "two") == f"{tmp_path / 'out'}: is packed already"


def test_other_files_in_the_target_are_left_alone(files, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "notes").write_text("mine")
    assert "holds other files" in refused(files, tmp_path / "out")
    assert "holds other files" in refused(files, files)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes"]


def test_without_a_target_nothing_is_written(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "required: OUT" in refused("data.name=cityscapes", files)
    assert "required: OUT" in refused(files)
    assert {path.name for path in tmp_path.iterdir()} <= {"files", "cache"}


def test_a_split_that_is_not_there_is_named(files, tmp_path):
    assert "test" in refused(files, tmp_path / "out", "--splits", "train,test")


@pytest.mark.parametrize("names", ["", "train,,val", "../val", "train, val"])
def test_names_of_splits_are_names(files, tmp_path, names):
    message = refused(files, tmp_path / "out", "--splits", names)
    assert message == f"--splits: found {names}, allowed: names such as train,val"
