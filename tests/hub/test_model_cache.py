"""The cache folder: filled once, whole or not at all, by however many at a time."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kerasseg.errors import UserError
from kerasseg.hub.model_cache import cache_folder, fetch
from tests.hub.made_zips import HARMLESS as ZIP
from tests.hub.made_zips import REFUSED, SHA256, zipped

PROJECT = Path(__file__).resolve().parents[2]


def get(place, *, sha256=SHA256, check=lambda folder, called: None, **options):
    return fetch(str(place), sha256=sha256, check=check, **options)


def nothing_is_left(cache):
    return [path for path in cache.rglob("*") if path != cache / "models"] == []


def test_it_is_downloaded_once(server, cache):
    server.asked.clear()
    said = []
    for _ in range(2):
        found = get(server.address("/model.zip?a=b"), sha256=SHA256.upper(), say=said.append)
        assert found == cache / "models" / SHA256
    assert server.asked == ["/model.zip"]
    assert said == [f"downloading {server.address('/model.zip')}?..."]
    assert (found / "variables" / "a").read_bytes() == b"weights"
    assert [path.name for path in (cache / "models").iterdir()] == [SHA256]


def test_a_local_zip_needs_no_hash_and_is_read_once(tmp_path, cache):
    (tmp_path / "a.zip").write_bytes(ZIP)
    assert get(tmp_path / "a.zip", sha256=None) == cache / "models" / SHA256
    assert get(tmp_path / "a.zip") == cache / "models" / SHA256
    with pytest.raises(UserError, match=rf"a\.zip: found sha256 {SHA256}, allowed: 0000"):
        get(tmp_path / "a.zip", sha256="0" * 64)


def test_a_folder_around_it_is_taken_off(tmp_path, cache):
    wrapped = zipped([("streets/labels.json", b"{}"), ("streets/1/model.onnx", b"graph")])
    (tmp_path / "a.zip").write_bytes(wrapped)
    found = get(tmp_path / "a.zip", sha256=None)
    assert sorted(path.name for path in found.iterdir()) == ["1", "labels.json"]
    (tmp_path / "a.zip").write_bytes(zipped([("1/model.onnx", b"graph")]))
    assert [path.name for path in get(tmp_path / "a.zip", sha256=None).iterdir()] == ["1"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_zip_that_is_refused_leaves_nothing(name, tmp_path, cache):
    (tmp_path / "model.zip").write_bytes(REFUSED[name][0])
    with pytest.raises(UserError, match=r"model\.zip: "):
        get(tmp_path / "model.zip", sha256=None, max_mib=2)
    assert nothing_is_left(cache)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "model.zip"]


@pytest.mark.parametrize(
    "path", ["/endless", "/huge", "/short", "/silent", "/stalls", "/drips", "/to-http", "/missing"]
)
def test_a_download_that_is_refused_leaves_nothing(server, cache, path):
    timeout = 0.3 if path in ("/silent", "/stalls", "/drips") else 30.0
    with pytest.raises(UserError, match=f"^https://localhost:.*{path}: "):
        get(server.address(path), max_mib=1, timeout=timeout)
    assert nothing_is_left(cache)


def test_what_the_check_refuses_leaves_nothing(server, cache):
    def check(folder, called):
        assert (folder / "model.onnx").read_bytes() == b"graph"
        raise UserError(f"{called}: no")

    with pytest.raises(UserError, match=r"/model\.zip: no$"):
        get(server.address("/model.zip"), check=check)
    assert nothing_is_left(cache)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sha256": None}, r"a\.zip: needs the sha256 of the file \(--sha256\)"),
        ({"sha256": "12"}, "sha256: found '12', allowed: 64 hexadecimal digits"),
        ({"sha256": "g" * 64}, "sha256: found 'ggg"),
        ({"max_mib": 0}, "max_mib: found 0, allowed: integer >= 1"),
        ({"max_mib": 1.5}, r"max_mib: found 1\.5, allowed"),
    ],
)
def test_wrong_options(cache, options, message):
    with pytest.raises(UserError, match=message):
        get("https://localhost/a.zip", **options)
    assert not cache.exists()


def test_a_local_zip_that_is_too_large(tmp_path, cache):
    (tmp_path / "a.zip").write_bytes(bytes(2**20 + 1))
    with pytest.raises(UserError, match=r"a\.zip: found 1048577 bytes, allowed: 1048576 \(max_m"):
        get(tmp_path / "a.zip", sha256=None, max_mib=1)


def test_a_cache_that_cannot_be_written(tmp_path, server, cache):
    cache.write_text("a file")
    with pytest.raises(UserError) as caught:
        get(server.address("/model.zip"))
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{cache / 'models'} (KERASSEG_CACHE): cannot be written (")


def test_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("KERASSEG_CACHE", "~/models")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "models"
    monkeypatch.delenv("KERASSEG_CACHE")
    folders = {"linux": "xdg/kerasseg", "darwin": "Library/Caches/kerasseg"}
    for platform, folder in {**folders, "win32": "AppData/Local/kerasseg"}.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert cache_folder() == tmp_path / folder
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert cache_folder() == tmp_path / ".cache" / "kerasseg"


def test_of_many_threads_one_downloads(server, cache):
    server.asked.clear()
    start = threading.Barrier(8)

    def load(_):
        start.wait()
        return get(server.address("/model.zip"))

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(load, range(8)))
    assert found == {cache / "models" / SHA256}
    assert server.asked == ["/model.zip"]
    assert [path.name for path in (cache / "models").iterdir()] == [SHA256]


_SCRIPT = """
import sys
from kerasseg.hub.model_cache import fetch
print(fetch(sys.argv[1], sha256=sys.argv[2], check=lambda folder, called: None))
"""


def start_load(server, path):
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, server.address(path), SHA256],
        cwd=PROJECT,
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_of_several_processes_one_downloads(server, cache):
    server.asked.clear()
    processes = [start_load(server, "/model.zip") for _ in range(3)]
    found = {process.communicate(timeout=240)[0] for process in processes}
    assert found == {f"{cache / 'models' / SHA256}\n"}
    assert server.asked == ["/model.zip"]
    assert [path.name for path in (cache / "models").iterdir()] == [SHA256]


def test_what_a_killed_process_left_is_cleared_away(server, cache):
    server.seen.clear()
    process = start_load(server, "/stalls")
    assert server.seen.wait(240)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not nothing_is_left(cache)
    get(server.address("/model.zip"))
    assert [path.name for path in (cache / "models").iterdir()] == [SHA256]
