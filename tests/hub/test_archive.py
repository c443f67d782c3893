"""The same files make the same zip, and what is not harmless is not unpacked."""

import hashlib
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.errors import UserError
from kerasseg.hub.archive import unpack, write_archive
from tests.hub.made_zips import HARMLESS, REFUSED, zipped

FILES = {"labels.json": b"{}", "model.onnx": bytes(range(256)) * 9000, "variables/a": b""}


def write(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(FILES[name])


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_same_files_give_the_same_bytes_and_come_back(tmp_path):
    write(tmp_path / "a", sorted(FILES))
    write(tmp_path / "b", sorted(FILES, reverse=True))
    os.utime(tmp_path / "b" / "model.onnx", (0, 0))
    (tmp_path / "b" / "labels.json").chmod(0o600)
    for name in "ab":
        write_archive(tmp_path / name, tmp_path / f"{name}.zip")
    made = (tmp_path / "a.zip").read_bytes()
    assert made == (tmp_path / "b.zip").read_bytes()
    # Whatever machine and versions wrote it.
    digest = "592b851486de5a9568bdd0b5f0b9797116ef98dc5f0fed819241a3eedb262344"
    assert hashlib.sha256(made).hexdigest() == digest
    (tmp_path / "out").mkdir()
    unpack(tmp_path / "a.zip", tmp_path / "out", limit=2**22, called="a.zip")
    assert contents(tmp_path / "out") == FILES


def test_a_zip_that_cannot_be_written_is_named_and_not_there(tmp_path):
    write(tmp_path / "a", FILES)
    with pytest.raises(UserError, match=r"a\.zip: cannot be written \(No such file"):
        write_archive(tmp_path / "a", tmp_path / "none" / "a.zip")
    (tmp_path / "a" / "labels.json").unlink()
    (tmp_path / "a" / "labels.json").symlink_to("nowhere")  # no file, so it is left out
    write_archive(tmp_path / "a", tmp_path / "a.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.zip"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_harmless_is_refused(name, tmp_path):
    data, message = REFUSED[name]
    (tmp_path / "model.zip").write_bytes(data)
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError) as caught:
        unpack(tmp_path / "model.zip", tmp_path / "out", limit=2**21, called="model.zip")
    (line,) = str(caught.value).splitlines()
    assert line.startswith("model.zip: ")
    assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.zip", "out"]


def test_the_limit_is_exact(tmp_path):
    (tmp_path / "model.zip").write_bytes(zipped([("a", bytes(1000)), ("b/c", bytes(24))]))
    (tmp_path / "out").mkdir()
    with pytest.raises(UserError, match="unpacks to 1024 bytes, allowed: 1023"):
        unpack(tmp_path / "model.zip", tmp_path / "out", limit=1023, called="model.zip")
    assert contents(tmp_path / "out") == {}
    unpack(tmp_path / "model.zip", tmp_path / "out", limit=1024, called="model.zip")
    assert contents(tmp_path / "out") == {"a": bytes(1000), "b/c": bytes(24)}


PARTS = st.sampled_from(["a", "B", "..", ".", "", "/", "\\", "C:", "~", "con", "é", " "])


@given(name=st.lists(PARTS, min_size=1, max_size=5).map("/".join).filter(bool))
def test_whatever_its_name_an_entry_stays_in_the_folder(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    (folder / "model.zip").write_bytes(zipped([(name, b"x")]))
    out = folder / "in" / "out"
    out.mkdir(parents=True)
    with suppress(UserError):
        unpack(folder / "model.zip", out, limit=2**20, called="model.zip")
    assert set(contents(folder)) <= {"model.zip", f"in/out/{name}"}


@given(data=st.data())
def test_a_damaged_zip_raises_nothing_else(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    content = bytearray(HARMLESS)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    (folder / "model.zip").write_bytes(content)
    (folder / "out").mkdir()
    with suppress(UserError):
        unpack(folder / "model.zip", folder / "out", limit=2**20, called="model.zip")
    assert sorted(path.name for path in folder.iterdir()) == ["model.zip", "out"]
