"""Version directories appear as a whole."""

import errno
import os

import pytest

from kerasseg.errors import UserError
from kerasseg.export.publish import publish, staging, versions


def put(out, *files):
    with staging(out) as folder:
        for name in files:
            (folder / name).write_text(f"{name} of {len(versions(out)) + 1}")
        return publish(folder, out)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_new_version_never_replaces_one(tmp_path):
    out = tmp_path / "exports" / "run"
    assert put(out, "model.onnx", "labels.json") == out / "1"
    assert put(out, "model.onnx", "labels.json") == out / "2"
    assert names(out) == ["1", "2", "labels.json", "latest", "model.onnx"]
    assert (out / "1" / "model.onnx").read_text() == "model.onnx of 1"
    assert (out / "model.onnx").read_text() == "model.onnx of 2"
    assert os.readlink(out / "latest") == "2"
    assert os.readlink(out / "model.onnx") == "latest/model.onnx"


def test_a_version_without_a_file_leaves_no_dead_link(tmp_path):
    put(tmp_path, "model.onnx", "labels.json")
    put(tmp_path, "labels.json")
    assert names(tmp_path) == ["1", "2", "labels.json", "latest"]


def test_numbers_go_on_after_the_largest(tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "007x").mkdir()
    assert put(tmp_path, "labels.json").name == "8"


def test_a_failure_leaves_nothing(tmp_path):
    out = tmp_path / "run"
    with pytest.raises(FileNotFoundError), staging(out) as folder:
        (folder / "half").write_bytes((folder / "missing").read_bytes())
    assert not out.exists()
    put(out, "labels.json")
    with pytest.raises(FileNotFoundError), staging(out) as folder:
        (folder / "labels.json").rename(folder / "somewhere" / "else")
    assert names(out) == ["1", "labels.json", "latest"]


def test_a_full_disk_leaves_nothing_and_is_named(tmp_path):
    out = tmp_path / "run"

    def fill():
        with staging(out) as folder:
            (folder / "model.onnx").write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(UserError) as caught:
        fill()
    assert str(caught.value) == f"{out}: cannot be written (No space left on device)"
    assert not out.exists()


def test_the_stump_of_a_killed_export_is_removed_by_the_next_one(tmp_path, dead_process):
    (tmp_path / f".kerasseg-{dead_process}-0123abcd.tmp").mkdir()
    with staging(tmp_path) as at_work:
        put(tmp_path, "labels.json")
        assert names(tmp_path) == [at_work.name, "1", "labels.json", "latest"]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match="out: cannot be written to"), staging(tmp_path / "out"):
        pass
