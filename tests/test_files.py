"""Whatever goes wrong in writing, a file is what it was before or what it was to become."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasseg.errors import UserError
from kerasseg.files import (
    clear_leftovers,
    is_temporary,
    os_errors,
    temporary_folder,
    write_json,
    write_text,
    writing,
)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def full_disk():
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fail(error):
    raise error


def write(*paths, content=b"new", error=None, **options):
    """Writes all of them, then fails with the error if there is one."""
    with ExitStack() as stack:
        for path in paths:
            stack.enter_context(writing(path, **options)).write_bytes(content)
        if error is not None:
            raise error


@given(old=st.none() | st.binary(), new=st.binary(), durable=st.booleans())
def test_what_was_written_is_there_and_nothing_else(tmp_path_factory, old, new, durable):
    folder = tmp_path_factory.mktemp("files")
    path = folder / "model.bin"
    if old is not None:
        path.write_bytes(old)
    with writing(path, durable=durable) as temporary:
        temporary.write_bytes(new)
        assert temporary.parent == folder
        assert is_temporary(temporary)
        assert not is_temporary(path)
        assert path.exists() == (old is not None)
    assert contents(folder) == {"model.bin": new}


@pytest.mark.parametrize("place", ["body", "fsync", "replace"])
@given(old=st.none() | st.binary(), new=st.binary())
def test_a_failure_at_any_place_leaves_what_was_there(tmp_path_factory, place, old, new):
    folder = tmp_path_factory.mktemp("files")
    path = folder / "model.bin"
    if old is not None:
        path.write_bytes(old)
    before = contents(folder)
    with pytest.MonkeyPatch.context() as patch:
        if place != "body":
            patch.setattr(os, place, lambda *_: fail(full_disk()))
        with pytest.raises(UserError) as caught:
            write(path, content=new, error=full_disk() if place == "body" else None, durable=True)
    assert str(caught.value) == f"{path}: cannot be written (No space left on device)"
    assert contents(folder) == before


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("bug"), UserError("size")])
def test_any_other_exception_passes_and_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(type(error)) as caught:
        write(path, error=error)
    assert caught.value is error
    assert contents(tmp_path) == {"a.txt": b"old"}


# Killed with half of the file written, with all of it on the disk, and once it has its name.
KILLED = """
import os, signal, sys
from pathlib import Path
from kerasseg import files

place, path = sys.argv[1], Path(sys.argv[2])
real = os.fsync

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def sync(descriptor):
    if (place == "folder") == Path(f"/proc/self/fd/{descriptor}").is_dir():
        kill()
    real(descriptor)

if place == "replace":
    os.replace = kill
elif place != "body":
    os.fsync = sync
with files.writing(path, durable=True) as temporary, temporary.open("wb") as file:
    file.write(b"new, first half")
    if place == "body":
        file.flush()
        kill()
    file.write(b", second half")
"""


@pytest.mark.parametrize(
    ("place", "content", "leftovers"),
    [
        ("body", b"old", 1),
        ("file", b"old", 1),
        ("replace", b"old", 1),
        ("folder", b"new, first half, second half", 0),
    ],
)
def test_a_kill_at_any_place_leaves_one_whole_file(tmp_path, place, content, leftovers):
    path = tmp_path / "state.npz"
    path.write_bytes(b"old")
    killed = subprocess.run([sys.executable, "-c", KILLED, place, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == content
    assert sum(map(is_temporary, tmp_path.iterdir())) == leftovers
    clear_leftovers(tmp_path)
    assert contents(tmp_path) == {"state.npz": content}


def test_what_another_process_is_writing_is_left_alone_until_it_is_dead(tmp_path):
    program = (
        "import sys; from pathlib import Path; from kerasseg import files\n"
        "path = Path(sys.argv[1])\n"
        "with files.writing(path / 'a') as file, files.temporary_folder(path) as folder:\n"
        "    file.write_text('half'); (folder / 'b').write_text('half')\n"
        "    print('ready', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"ready\n"
        unfinished = set(tmp_path.iterdir())
        assert len(unfinished) == 2
        clear_leftovers(tmp_path)
        assert set(tmp_path.iterdir()) == unfinished
        other.kill()
    clear_leftovers(tmp_path)
    assert not list(tmp_path.iterdir())


def test_one_process_does_not_clear_away_what_it_is_writing_itself(tmp_path):
    # Of a process that had this one's number, as the first one of every container has.
    (tmp_path / f".kerasseg-{os.getpid()}-0123abcd.tmp").write_text("half")
    with writing(tmp_path / "a") as temporary:
        temporary.write_text("whole")
        clear_leftovers(tmp_path)
        assert list(tmp_path.iterdir()) == [temporary]
    assert contents(tmp_path) == {"a": b"whole"}


def test_only_names_of_this_form_are_cleared_away(tmp_path, dead_process):
    others = [
        f"kerasseg-{dead_process}-0123abcd.tmp",
        f".kerasseg-{dead_process}-0123abcd",
        f".kerasseg-{dead_process}-mine.tmp",
        ".kerasseg-notes.tmp",
        "a.tmp",
    ]
    for name in others:
        (tmp_path / name).write_text("mine")
    (tmp_path / f".kerasseg-{dead_process}-0123abcd.tmp.keras").write_text("half")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("mine")
    (tmp_path / f".kerasseg-{dead_process}-4567abcd.tmp").symlink_to(outside)
    clear_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*others, "outside"}
    assert (outside / "kept").exists()
    clear_leftovers(tmp_path / "missing")


def test_several_files_are_all_written_before_the_first_has_its_name(tmp_path):
    one, two = tmp_path / "1.png", tmp_path / "2.png"
    one.write_text("old")
    with pytest.raises(UserError) as caught:
        write(one, two, error=full_disk())
    assert str(caught.value) == f"{two}: cannot be written (No space left on device)"
    assert contents(tmp_path) == {"1.png": b"old"}
    with ExitStack() as stack:
        for path in (one, two):
            stack.enter_context(writing(path)).write_text("new")
        assert one.read_text() == "old"
    assert contents(tmp_path) == {"1.png": b"new", "2.png": b"new"}


def test_durable_means_the_file_is_on_the_disk_before_its_name_and_its_name_before_the_end(
    tmp_path, monkeypatch
):
    calls = []
    fsync, replace = os.fsync, os.replace

    def record_sync(descriptor):
        calls.append(("sync", os.fstat(descriptor).st_ino))
        fsync(descriptor)

    def record_replace(*names):
        calls.append(("replace", Path(names[0]).stat().st_ino))
        replace(*names)

    monkeypatch.setattr(os, "fsync", record_sync)
    monkeypatch.setattr(os, "replace", record_replace)
    write_text(tmp_path / "a", "text", durable=True)
    file, folder = (tmp_path / "a").stat().st_ino, tmp_path.stat().st_ino
    assert calls == [("sync", file), ("replace", file), ("sync", folder)]
    calls.clear()
    write_text(tmp_path / "b", "text")
    assert [name for name, _ in calls] == ["replace"]


def test_a_folder_that_is_missing_is_made_only_on_request(tmp_path):
    path = tmp_path / "new" / "folder" / "a.json"
    with pytest.raises(UserError) as caught:
        write_json(path, {}, called=f"--json {path}")
    assert str(caught.value) == f"--json {path}: cannot be written (No such file or directory)"
    assert not (tmp_path / "new").exists()
    write_json(path, {"ä": [1]}, make_folder=True)
    assert path.read_text() == '{\n  "\\u00e4": [\n    1\n  ]\n}\n'
    with pytest.raises(UserError, match=r"a.json: cannot be written \(Not a directory\)"):
        write_json(path / "b" / "a.json", {}, make_folder=True)


def test_an_error_about_something_else_passes(tmp_path):
    with pytest.raises(FileNotFoundError), writing(tmp_path / "a"):
        (tmp_path / "source").read_bytes()
    closed = BrokenPipeError(errno.EPIPE, "Broken pipe")  # what `print` raises once `head` is gone
    with pytest.raises(BrokenPipeError):
        write(tmp_path / "a", error=closed)
    assert not list(tmp_path.iterdir())


def test_the_ending_is_kept_for_writers_that_go_by_it(tmp_path):
    with writing(tmp_path / "best.keras", ending=".keras") as temporary:
        assert temporary.suffix == ".keras"
        assert is_temporary(temporary)
        temporary.write_bytes(b"weights")


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_utf_8_without_any_change(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("files") / "a.txt"
    write_text(path, text)
    assert path.read_bytes() == text.encode()


def test_a_temporary_folder_is_renamed_or_removed(tmp_path, dead_process):
    parent = tmp_path / "exports" / "run"
    (parent / f".kerasseg-{dead_process}-0123abcd.tmp").mkdir(parents=True)
    with temporary_folder(parent) as folder:
        assert list(parent.iterdir()) == [folder]
        (folder / "a").write_text("whole")
        folder.rename(parent / "1")
    assert contents(parent / "1") == {"a": b"whole"}
    with pytest.raises(FileNotFoundError), temporary_folder(parent) as folder:
        (folder / "a").rename(folder / "b")
    assert [path.name for path in parent.iterdir()] == ["1"]
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file: cannot be written to"):
        temporary_folder(tmp_path / "file").__enter__()


def test_os_errors_name_the_file_if_nothing_else_is_named(tmp_path):
    path = tmp_path / "x"
    with pytest.raises(UserError) as caught, os_errors(None, "cannot be read"):
        path.read_text()
    assert str(caught.value) == f"{path}: cannot be read (No such file or directory)"


def test_os_errors_say_what_was_meant_and_why_in_one_line(tmp_path):
    with pytest.raises(UserError) as caught, os_errors("--labels x", "cannot be read"):
        (tmp_path / "x").read_text()
    assert str(caught.value) == "--labels x: cannot be read (No such file or directory)"
    with (
        pytest.raises(UserError, match=r"^x: cannot be read \(it is odd\)$"),
        os_errors("x", "cannot be read"),
    ):
        raise OSError("it is odd")
