"""Packing: the same bytes whether it was killed or not; nothing of others is touched."""

import errno
import fcntl
import os
import shutil
import signal
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from kerasseg.data.catalog import open_catalog
from kerasseg.data.packed import writer
from kerasseg.data.packed.format import HEADER, INDEX, UNFINISHED, find_index
from kerasseg.data.packed.writer import check_target, plan_index
from kerasseg.data.samples import Sample
from kerasseg.errors import UserError
from kerasseg.labels import cityscapes_labels
from tests.data.packed.packed_data import SIZES, configure, draw_files, pack_files
from tests.programs import run_program

KILLED = Path(__file__).with_name("killed_pack.py")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(call, *args, **kwargs):
    with pytest.raises(UserError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_shard_is_header_images_and_labels_and_nothing_else(files, packed):
    table = cityscapes_labels(void="background").table
    data = b"".join(
        path.read_bytes().removeprefix(HEADER) for path in sorted(packed.glob("train-*"))
    )
    expected = b""
    for i in range(len(SIZES)):
        name = f"train/town/town_{i:06}_000019"
        expected += Image.open(files / "leftImg8bit" / f"{name}_leftImg8bit.png").tobytes()
        ids = np.asarray(Image.open(files / "gtFine" / f"{name}_gtFine_labelIds.png"))
        expected += table[ids].tobytes()
    assert data == expected
    assert all(path.read_bytes().startswith(HEADER) for path in packed.glob("*.pixels"))


def test_the_index_is_what_was_planned(files, packed, tmp_path):
    catalog = open_catalog(configure(files, tmp_path))
    plan = plan_index(catalog, root="x", shard_bytes=25_000)
    found = find_index(str(packed))
    for split, shards in found.splits.items():
        assert [s.file for s in shards] == [s.file for s in plan.splits[split]]
        assert [s.entries for s in shards] == [s.entries for s in plan.splits[split]]
        for shard in shards:
            assert (packed / shard.file).stat().st_size == shard.size
            assert shard.size <= 25_000
        names = [entry.name for shard in shards for entry in shard.entries]
        assert names == [sample.name for sample in catalog.splits[split]]


@pytest.mark.parametrize(("shard_bytes", "shards"), [(1, 5), (25_000, 3), (10**6, 1)])
def test_a_shard_holds_what_fits_and_at_least_one(files, tmp_path, shard_bytes, shards):
    catalog = open_catalog(configure(files, tmp_path), splits=("train",))
    plan = plan_index(catalog, root="x", shard_bytes=shard_bytes)
    assert len(plan.splits["train"]) == shards
    assert plan.splits["train"][0].file == f"train-00000-of-{shards:05}.pixels"


def test_threads_change_nothing(files, packed, tmp_path):
    catalog = open_catalog(configure(files, tmp_path))
    writer.pack(catalog, tmp_path / "out", shard_bytes=25_000, workers=1)
    assert contents(tmp_path / "out") == contents(packed)


# The note, three shards of each split, and the index each have two calls of fsync, for the file
# and for its folder, around one of replace.
@pytest.mark.slow
@pytest.mark.parametrize("where", ["fsync:1", "fsync:7", "replace:3", "fsync:15", "replace:8"])
def test_a_killed_pack_ends_with_the_same_bytes(files, packed, tmp_path, where):
    arguments = [where, files, tmp_path / "out", tmp_path / "cache"]
    killed = run_program([KILLED, *arguments], folder=tmp_path)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "out" / INDEX).exists()
    assert list((tmp_path / "out").glob("*.tmp"))
    pack_files(files, tmp_path / "out", cache=tmp_path / "cache")
    assert contents(tmp_path / "out") == contents(packed)


def test_what_is_there_is_not_written_again(files, packed, tmp_path, monkeypatch):
    out = tmp_path / "out"
    full(monkeypatch, after=5)
    refused(pack_files, files, out, cache=tmp_path / "cache")
    monkeypatch.undo()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("*.pixels")}
    assert 0 < len(kept) < 6
    pack_files(files, out, cache=tmp_path / "cache")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert contents(out) == contents(packed)


def test_killed_after_the_index_the_same_command_tidies_up(files, packed, tmp_path):
    out = shutil.copytree(packed, tmp_path / "out")
    (out / UNFINISHED).write_text("whatever")
    pack_files(files, out, cache=tmp_path / "cache")
    assert contents(out) == contents(packed)


def full(monkeypatch, *, after):
    """No space is left on the disk from the `after`-th file on."""
    fsync, count = os.fsync, 0

    def full_fsync(file):
        nonlocal count
        count += 1
        if count > after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(file)

    monkeypatch.setattr(os, "fsync", full_fsync)


def test_a_full_disk_is_said_in_a_line_and_leaves_no_half_a_file(files, tmp_path, monkeypatch):
    full(monkeypatch, after=3)
    out = tmp_path / "out"
    message = refused(pack_files, files, out, cache=tmp_path / "cache")
    assert message.startswith(f"{out}/train-0000")
    assert message.endswith(".pixels: cannot be written (No space left on device)")
    assert not list(out.glob("*.tmp"))
    assert not (out / INDEX).exists()


def test_a_folder_that_cannot_be_made_is_named(files, tmp_path):
    (tmp_path / "file").write_text("")
    message = refused(pack_files, files, tmp_path / "file" / "out", cache=tmp_path / "cache")
    assert message.startswith(f"{tmp_path / 'file' / 'out'}: cannot be read or written (")


def test_a_part_of_another_pack_is_refused(files, tmp_path, monkeypatch):
    full(monkeypatch, after=3)
    out = tmp_path / "out"
    refused(pack_files, files, out, cache=tmp_path / "cache")
    monkeypatch.undo()
    before = contents(out)
    other = draw_files(tmp_path / "other")
    assert "part of a pack of other data" in refused(
        pack_files, other, out, cache=tmp_path / "cache"
    )
    assert contents(out) == before


def test_two_at_once_are_refused(files, tmp_path, monkeypatch):
    full(monkeypatch, after=3)
    out = tmp_path / "out"
    refused(pack_files, files, out, cache=tmp_path / "cache")
    monkeypatch.undo()
    with open(out / UNFINISHED, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        message = refused(pack_files, files, out, cache=tmp_path / "cache")
    assert message == f"{out}: another process is packing into it"
    pack_files(files, out, cache=tmp_path / "cache")


def test_a_source_that_changes_while_it_is_packed_is_noticed(files, tmp_path):
    changed = shutil.copytree(files, tmp_path / "files")
    catalog = open_catalog(configure(changed, tmp_path / "cache"))
    path = catalog.splits["train"][0].image

    def change(done, total):
        if done == total:
            os.utime(path, ns=(1, 1))

    out = tmp_path / "out"
    options = {"shard_bytes": 25_000, "workers": 1, "progress": change}
    assert "was changed while" in refused(writer.pack, catalog, out, **options)
    assert not (out / INDEX).exists()


def test_a_source_that_changed_since_is_noticed(files, packed, tmp_path):
    changed = shutil.copytree(files, tmp_path / "files")
    out = tmp_path / "out"
    pack_files(changed, out, cache=tmp_path / "cache")
    path = sorted((changed / "leftImg8bit" / "train" / "town").iterdir())[1]
    picture = 255 - np.asarray(Image.open(path))
    Image.fromarray(picture).save(path)
    later = (out / INDEX).stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    message = refused(pack_files, changed, out, cache=tmp_path / "cache")
    assert message == f"{out}: was packed before {path} was changed; remove it to pack anew"


def test_other_data_in_a_finished_pack_is_refused(packed, tmp_path):
    other = draw_files(tmp_path / "other", sizes=((20, 20),))
    out = shutil.copytree(packed, tmp_path / "out")
    assert "holds other data" in refused(pack_files, other, out, cache=tmp_path / "cache")
    assert contents(out) == contents(packed)


def test_targets_that_hold_something_else_are_refused(packed, tmp_path):
    check_target(str(tmp_path / "new"))
    check_target(str(packed))
    (tmp_path / "empty").mkdir()
    check_target(str(tmp_path / "empty"))
    (tmp_path / "empty" / f".kerasseg-{os.getpid()}-0123abcd.tmp").write_text("")
    check_target(str(tmp_path / "empty"))
    (tmp_path / "empty" / "thesis.doc").write_text("")
    assert "holds other files" in refused(check_target, str(tmp_path / "empty"))
    assert "is a file" in refused(check_target, str(tmp_path / "empty" / "thesis.doc"))
    assert "copy that to the address" in refused(check_target, "gs://bucket/out")


def test_names_that_hold_what_separates_them_do_not_share_a_note(tmp_path):
    root, time = tmp_path.resolve(), 10**18
    plain = [root / name for name in "abcd"]
    # Joined by "|" and line breaks, these two would read like those four.
    joined = [Path(f"{one}|5|{time}\n{two}") for one, two in (plain[:2], plain[2:])]
    for path in (*plain, *joined):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
        os.utime(path, ns=(time, time))
    plan = Mock(**{"to_text.return_value": ""})
    notes = []
    for paths in (plain, joined):
        samples = [Sample("x", *paths[i : i + 2]) for i in range(0, len(paths), 2)]
        notes.append(writer._note(Mock(splits={"train": samples}), plan))
    assert notes[0] != notes[1]
