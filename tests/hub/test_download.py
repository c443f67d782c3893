"""What an address may do: end, in time, within the limit, over https, with the right hash."""

import hashlib
import threading

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from kerasseg.errors import UserError
from kerasseg.hub.download import check_address, download, shown_address
from tests.hub.made_zips import HARMLESS as ZIP
from tests.hub.made_zips import SHA256

LIMIT = 10_000


@pytest.fixture(autouse=True)
def trusted(cache):
    return cache


def get(address, tmp_path, *, sha256=SHA256, timeout=30.0):
    download(address, tmp_path / "file", sha256=sha256, limit=LIMIT, timeout=timeout)
    return (tmp_path / "file").read_bytes()


def refused(address, tmp_path, **options):
    with pytest.raises(UserError) as caught:
        get(address, tmp_path, **options)
    (line,) = str(caught.value).splitlines()
    shown = shown_address(address)
    assert line.startswith(f"{shown}: ")
    return line.removeprefix(f"{shown}: ")


@pytest.mark.parametrize("path", ["/model.zip", "/model.zip?signature=secret", "/moved"])
def test_a_file_over_https(server, tmp_path, path):
    assert get(server.address(path), tmp_path) == ZIP


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/endless", f"found more than {LIMIT} bytes, allowed: {LIMIT} (max_mib)"),
        ("/huge", f"found {2**40} bytes, allowed: {LIMIT} (max_mib)"),
        ("/short", "ends 98 of 100 bytes too early"),
        ("/missing", "HTTP 404 Not Found"),
        ("/to-http", "redirects to http://localhost/model.zip?..., allowed: https"),
        ("/to-ftp", "redirects to ftp://localhost/model.zip, allowed: https"),
        ("/to-file", "HTTP 302 "),
        ("/around", "HTTP 302 The HTTP server returned a redirect error"),
    ],
)
def test_what_a_server_may_not_do(server, tmp_path, path, message):
    assert refused(server.address(path), tmp_path).startswith(message)


@pytest.mark.parametrize("path", ["/silent", "/stalls", "/drips"])
def test_a_server_that_does_not_come_to_an_end(server, tmp_path, path):
    line = refused(server.address(path), tmp_path, timeout=0.3)
    assert line.startswith(("too slow, ", "cannot be read (timed out"))
    assert len(line) < 100


def test_another_file_than_expected(server, tmp_path):
    server.files["/tampered.zip"] = ZIP.replace(b"variables", b"Variables")
    line = refused(server.address("/tampered.zip"), tmp_path)
    found = hashlib.sha256(server.files["/tampered.zip"]).hexdigest()
    assert line == f"found sha256 {found}, allowed: {SHA256}"


def test_a_certificate_that_nobody_trusts(server, tmp_path, monkeypatch):
    line = refused(server.address("/model.zip").replace("localhost", "127.0.0.1"), tmp_path)
    assert "CERTIFICATE_VERIFY_FAILED" in line
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "CERTIFICATE_VERIFY_FAILED" in refused(server.address("/model.zip"), tmp_path)


def test_nobody_there(tmp_path):
    assert refused("https://localhost:1/model.zip", tmp_path).startswith("cannot be read (")
    assert refused("https://localhost:port/model.zip", tmp_path).startswith("cannot be read (")
    assert refused("https:///model.zip", tmp_path).startswith("cannot be read (")


def test_what_is_no_address_of_ours():
    assert check_address("HTTPS://host/a.zip") == "https"
    assert check_address("s3://bucket/a.zip") == "s3"
    with pytest.raises(UserError, match=r"^http://host/a\.zip: found http, allowed: https, or"):
        check_address("http://host/a.zip")
    for address in ("simplecache::http://host/a.zip", "zip://a::s3://b/c.zip", "://a"):
        with pytest.raises(UserError, match="not an address, allowed: https://"):
            check_address(address)


def test_secrets_are_not_shown():
    shown = shown_address("https://me:secret@host:1/a/b@c.zip?sig=secret&x=//@")
    assert shown == "https://host:1/a/b@c.zip?..."
    assert shown_address("s3://bucket/a.zip") == "s3://bucket/a.zip"


def test_a_store_of_fsspec(tmp_path):
    store = fsspec.filesystem("memory")
    store.pipe_file("/hub/model.zip", ZIP)
    store.pipe_file("/hub/large.zip", bytes(LIMIT + 1))
    assert get("memory://hub/model.zip", tmp_path) == ZIP
    assert refused("memory://hub/large.zip", tmp_path).startswith(f"found {LIMIT + 1} bytes, all")
    assert refused("memory://hub/none.zip", tmp_path) == "no such file"
    assert refused("memory://hub/model.zip", tmp_path, sha256="0" * 64).startswith("found sha256")
    assert "Protocol not known" in refused("nowhere://hub/model.zip", tmp_path)


class Odd(MemoryFileSystem):
    """What the store in memory holds, by another scheme."""

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace(cls.protocol, "memory"))


class Hanging(Odd):
    """A store that never answers."""

    protocol = "hanging"
    ended = threading.Event()

    def cat_file(self, *args, **named):
        self.ended.wait()
        return b""


def test_a_store_that_does_not_answer(tmp_path):
    fsspec.register_implementation("hanging", Hanging, clobber=True)
    fsspec.filesystem("memory").pipe_file("/hub/model.zip", ZIP)
    try:
        line = refused("hanging://hub/model.zip", tmp_path, timeout=0.2)
    finally:
        Hanging.ended.set()
    assert line.startswith("too slow, 0 bytes within 0.2 seconds, allowed: 32768 a second")


class Sizeless(Odd):
    protocol = "sizeless"

    def info(self, *args, **named):
        return {**super().info(*args, **named), "size": None}


def test_a_store_that_does_not_tell_sizes(tmp_path):
    fsspec.register_implementation("sizeless", Sizeless, clobber=True)
    fsspec.filesystem("memory").pipe_file("/hub/model.zip", ZIP)
    line = refused("sizeless://hub/model.zip", tmp_path)
    assert line == "cannot be read (its store does not tell its size)"
