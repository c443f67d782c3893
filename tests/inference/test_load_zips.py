"""Zips of exports, by path and by address, as `load`, `predict` and `evaluate` take them."""

import hashlib

import pytest
from PIL import Image

import kerasseg
from kerasseg.commands.main import start
from kerasseg.errors import UserError
from kerasseg.hub.archive import write_archive
from kerasseg.inference.backends.onnx_runtime import OnnxPredictor
from kerasseg.inference.backends.tensorflow_runtime import SavedModelPredictor
from tests.hub.tls_server import serving, trust
from tests.inference.small_model import blotches

IMAGE = blotches(40, 60)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def archive(export_dir, tmp_path_factory):
    """The small export as a zip: SavedModel and ONNX."""
    path = tmp_path_factory.mktemp("zips") / "small.zip"
    write_archive(export_dir / "1", path)
    return path


@pytest.fixture(scope="module")
def server(archive):
    with serving() as server:
        server.files["/small.zip"] = archive.read_bytes()
        yield server


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    trust(monkeypatch, tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def test_a_zip_is_the_export_that_it_was_made_of(archive, export_dir):
    for expected, providers in ((SavedModelPredictor, None), (OnnxPredictor, "cpu")):
        loaded = kerasseg.load(archive, providers=providers)
        assert type(loaded) is expected
        there = kerasseg.load(export_dir, providers=providers)
        assert (loaded.predict(IMAGE).labels == there.predict(IMAGE).labels).all()


def test_an_address(archive, server, onnx_file):
    server.asked.clear()
    for _ in range(2):
        model = kerasseg.load(
            server.address("/small.zip"), sha256=sha256(archive), providers=["cpu"]
        )
    assert server.asked == ["/small.zip"]
    assert (model.predict(IMAGE).labels == OnnxPredictor(onnx_file).predict(IMAGE).labels).all()


def test_a_zip_of_something_else_is_not_kept(run_dir, tmp_path, cache):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "evil.py").write_text("raise SystemExit")
    for folder, what in ((run_dir, "a run directory"), (tmp_path / "other", "something else")):
        write_archive(folder, tmp_path / "a.zip")
        with pytest.raises(UserError, match=f"a.zip: found a zip of {what}, allowed: of an export"):
            kerasseg.load(tmp_path / "a.zip")
    assert list((cache / "models").iterdir()) == []


def test_the_hash_of_what_is_no_zip(onnx_file, export_dir):
    assert type(kerasseg.load(onnx_file, sha256=sha256(onnx_file))) is OnnxPredictor
    with pytest.raises(UserError, match=r"model\.onnx: found sha256 [0-9a-f]{64}, allowed: 0000"):
        kerasseg.load(onnx_file, sha256="0" * 64)
    with pytest.raises(UserError, match=r"^sha256: .*small is a folder, allowed: for a zip or"):
        kerasseg.load(export_dir, sha256="0" * 64)
    with pytest.raises(UserError, match=r"none\.zip: no such file or directory"):
        kerasseg.load("none.zip", sha256="0" * 64)


def test_the_limit_is_checked(archive):
    with pytest.raises(UserError, match="max_mib: found 0, allowed"):
        kerasseg.load(archive, max_mib=0)


def test_predict_from_an_address(archive, server, cache, capsys):
    Image.fromarray(IMAGE).save("a.png")
    words = ["predict", server.address("/small.zip"), "a.png", "--provider", "cpu", "--out", "out"]
    for wrong, message in (
        ([], r"needs the sha256 of the file \(--sha256\)"),
        (["--sha256", "0" * 64], f"found sha256 {sha256(archive)}, allowed: 0000"),
        (["--sha256", "1"], "^sha256: found '1', allowed: 64 hexadecimal digits"),
        (["--max-mib", "0"], "--max-mib: found 0, allowed: integer >= 1"),
    ):
        with pytest.raises(UserError, match=message):
            start([*words, *wrong])
    assert not any(cache.glob("models/*"))
    capsys.readouterr()
    assert start([*words, "--sha256", sha256(archive)]) == 0
    address = server.address("/small.zip")
    assert capsys.readouterr().out == f"downloading {address}\nout: 1 image\n"


def test_evaluate_takes_a_zip(archive, tmp_path, capsys):
    with pytest.raises(UserError, match="found sha256"):
        start(["evaluate", str(archive), "--config", "folders", "--sha256", "0" * 64])
    words = ["evaluate", str(archive), "--anomalies", "photos", "--provider", "cpu"]
    (tmp_path / "photos").mkdir()
    Image.fromarray(IMAGE).save("photos/a.jpg")
    Image.fromarray(IMAGE[..., 0] // 128).save("photos/a_labels.png")
    assert not start(words)
    assert "photos: 1 images" in capsys.readouterr().out
